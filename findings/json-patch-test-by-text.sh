#!/usr/bin/env bash
# A `test` of a JSON Patch compares values: texts by their characters, numbers by their value (RFC 6902 §4.6). The Kubernetes API server applies the
# patch of an admission webhook with gopkg.in/evanphx/json-patch.v4 to the object as Go writes it, with `<`, `>` and `&` as \u003c, \u003e and
# \u0026; and that library compares texts as they are written.
#
# Seen with evanphx/json-patch v4.13.0 and v5.9.11, a Pod encoded by k8s.io/apimachinery v0.37.2, each patch a `test` of a value that is there:
#   value in the patch               v4              v5
#   annotation "a b"                 holds           holds
#   annotation "R&D"                 does not hold   holds
#   the same as "R\u0026D"           holds           holds
#   annotation "café"                holds           holds
#   the same as "caf\u00e9"          does not hold   holds
#   grace period 30                  holds           holds
#   the same as 3e1                  does not hold   does not hold
# So a webhook in Go, which writes as the API server does, never meets it; one in JavaScript writes "R&D", one in Python "caf\u00e9", and the
# API server refuses the pod, whatever `failurePolicy` is.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
cat > ask.go <<'GO'
package main

import (
	"fmt"

	v5 "github.com/evanphx/json-patch/v5"
	v4 "gopkg.in/evanphx/json-patch.v4"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
)

func main() {
	grace := int64(30)
	pod := &core.Pod{
		TypeMeta:   meta.TypeMeta{Kind: "Pod", APIVersion: "v1"},
		ObjectMeta: meta.ObjectMeta{Annotations: map[string]string{"plain": "a b", "team": "R&D", "place": "café"}},
		Spec:       core.PodSpec{TerminationGracePeriodSeconds: &grace},
	}
	encoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, nil, nil, json.SerializerOptions{})
	document, err := runtime.Encode(encoder, pod)
	if err != nil {
		panic(err)
	}
	for _, each := range [][2]string{
		{"/metadata/annotations/plain", `"a b"`},
		{"/metadata/annotations/team", `"R&D"`},
		{"/metadata/annotations/team", `"R\u0026D"`},
		{"/metadata/annotations/place", `"café"`},
		{"/metadata/annotations/place", `"caf\u00e9"`},
		{"/spec/terminationGracePeriodSeconds", `30`},
		{"/spec/terminationGracePeriodSeconds", `3e1`},
	} {
		text := []byte(fmt.Sprintf(`[{"op":"test","path":"%s","value":%s}]`, each[0], each[1]))
		four, err := v4.DecodePatch(text)
		if err != nil {
			panic(err)
		}
		five, err := v5.DecodePatch(text)
		if err != nil {
			panic(err)
		}
		_, byFour := four.Apply(document)
		_, byFive := five.Apply(document)
		fmt.Printf("%s: v4 %s, v5 %s\n", each[1], said(byFour), said(byFive))
	}
}

func said(err error) string {
	if err == nil {
		return "holds"
	}
	return "does not hold"
}
GO
cat > expected <<'TXT'
"a b": v4 holds, v5 holds
"R&D": v4 does not hold, v5 holds
"R\u0026D": v4 holds, v5 holds
"café": v4 holds, v5 holds
"caf\u00e9": v4 does not hold, v5 holds
30: v4 holds, v5 holds
3e1: v4 does not hold, v5 does not hold
TXT
go mod init ask 2> go.txt
go get gopkg.in/evanphx/json-patch.v4@v4.13.0 github.com/evanphx/json-patch/v5@v5.9.11 k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2 2>> go.txt
go mod tidy 2>> go.txt
go run ask.go | tee seen
cmp expected seen

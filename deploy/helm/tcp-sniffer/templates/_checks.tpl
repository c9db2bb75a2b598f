{{- /* A quantity in its base unit: cores, bytes. */ -}}
{{- define "tcp-sniffer.amount" -}}
{{- $number := regexFind "^[0-9.+]+([eE][+-]?[0-9]+)?" . -}}
{{- $small := dict "n" 1e-9 "u" 1e-6 "m" 1e-3 "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 -}}
{{- $large := dict "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{ mulf (float64 (trimPrefix "+" $number)) (get (merge $small $large) (trimPrefix $number .)) }}
{{- end }}

{{- /* What the injector refuses at its start, and no schema can: values that are right by themselves and not together. */ -}}
{{- define "tcp-sniffer.checks" -}}
{{- $sidecar := .Values.sidecar -}}
{{- range $name, $least := dict "cpu" "1m" "memory" "64Mi" -}}
{{- $request := include "tcp-sniffer.amount" (get $sidecar.resources.requests $name | toString) | float64 -}}
{{- $limit := include "tcp-sniffer.amount" (get $sidecar.resources.limits $name | toString) | float64 -}}
{{- if gt $request $limit -}}
{{- fail (printf "sidecar.resources: %s: the request is more than the limit" $name) -}}
{{- end -}}
{{- if lt $request (include "tcp-sniffer.amount" $least | float64) -}}
{{- fail (printf "sidecar.resources: %s: the request is less than %s" $name $least) -}}
{{- end -}}
{{- end -}}
{{- if ne (empty $sidecar.kafkaUsernameSecret) (empty $sidecar.kafkaPasswordSecret) -}}
{{- fail "sidecar.kafkaUsernameSecret and sidecar.kafkaPasswordSecret: give both or neither" -}}
{{- end -}}
{{- $all := dict "sidecar.options" (dict) -}}
{{- range $name, $namespace := .Values.namespaces -}}
{{- $_ := set $all (printf "namespaces.%s.options" $name) $namespace.options -}}
{{- end -}}
{{- range $where, $options := $all -}}
{{- $topic := get $options "output-kafka" | default (get $sidecar.options "output-kafka") | toString -}}
{{- $named := or (hasKey $options "otel-service-name") (hasKey $sidecar.options "otel-service-name") -}}
{{- if and (contains "{service}" $topic) (not $named) (has "otel-service-name" $.Values.policy.locked) -}}
{{- fail (printf "%s: {service} in the topic of output-kafka needs otel-service-name, since policy.locked has it" $where) -}}
{{- end -}}
{{- end -}}
{{- end }}

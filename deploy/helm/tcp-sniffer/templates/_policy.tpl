{{- /* Texts of values become literals of CEL by JSON, of which CEL takes all. */ -}}
{{- define "tcp-sniffer.policy.text" -}}
{{- if kindIs "string" . -}}
{{ . }}
{{- else if kindIs "slice" . -}}
{{ join "," . }}
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end }}

{{- /* What a sidecar gets where a pod does not say otherwise, by the names of the annotations. Of a list: all of it, and the options of a namespace. */ -}}
{{- define "tcp-sniffer.policy.defaultsOf" -}}
{{- $more := index . 1 -}}
{{- with index . 0 -}}
{{- $sidecar := .Values.sidecar -}}
{{- $options := deepCopy $sidecar.options -}}
{{- range $name, $value := $more -}}
{{- $_ := set $options $name $value -}}
{{- end -}}
{{- $d := dict "image" (include "tcp-sniffer.image" .) "imagePullPolicy" .Values.image.pullPolicy "version" .Chart.AppVersion -}}
{{- $_ := set $d "native" (ne $sidecar.native "never" | toString) -}}
{{- $own := dict "ports" $sidecar.ports "interface" $sidecar.interface "output-url" $sidecar.outputUrl "auth-secret" $sidecar.authSecret -}}
{{- $_ := set $own "otlp-headers-secret" $sidecar.otlpHeadersSecret -}}
{{- $_ := set $own "kafka-username-secret" $sidecar.kafkaUsernameSecret -}}
{{- $_ := set $own "kafka-password-secret" $sidecar.kafkaPasswordSecret -}}
{{- range $name, $value := $own -}}
{{- if $value -}}
{{- $_ := set $d $name (trim $value) -}}
{{- end -}}
{{- end -}}
{{- range $kind, $amounts := dict "request" $sidecar.resources.requests "limit" $sidecar.resources.limits -}}
{{- range $name := list "cpu" "memory" -}}
{{- $_ := set $d (printf "%s-%s" $name $kind) (get $amounts $name | toString) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $options -}}
{{- $_ := set $d $name (include "tcp-sniffer.policy.text" $value | trim) -}}
{{- end -}}
{{- with .Values.policy -}}
{{- range $name, $most := dict "max-body-size" .maxBodySize "sample-rate" .maxSampleRate -}}
{{- if not (kindIs "invalid" $most) -}}
{{- $_ := set $d (printf "ceiling/%s" $name) (toJson $most) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toJson $d }}
{{- end -}}
{{- end }}

{{- /* variables.d */ -}}
{{- define "tcp-sniffer.policy.defaults" -}}
{{- $root := . -}}
{{- $texts := list -}}
{{- range $name, $namespace := .Values.namespaces -}}
{{- $texts = append $texts (printf "%q: %s" $name (include "tcp-sniffer.policy.defaultsOf" (list $root $namespace.options))) -}}
{{- end -}}
{{- with $texts -}}
{ {{- join ", " . -}} }[?request.namespace].orValue({{ include "tcp-sniffer.policy.defaultsOf" (list $root dict) }})
{{- else -}}
{{ include "tcp-sniffer.policy.defaultsOf" (list $root dict) }}
{{- end -}}
{{- end }}

{{- /* A list of regular expressions: * stands for any text. */ -}}
{{- define "tcp-sniffer.policy.patterns" -}}
{{- $patterns := list -}}
{{- range . -}}
{{- $patterns = append $patterns (printf "^%s$" (lower . | regexQuoteMeta | replace "\\*" ".*")) -}}
{{- end -}}
{{ toJson $patterns }}
{{- end }}

{{- define "tcp-sniffer.policy.lower" -}}
{{- $texts := list -}}
{{- range . -}}
{{- $texts = append $texts (lower .) -}}
{{- end -}}
{{ toJson $texts }}
{{- end }}

{{- /* As a list of none or one, so that its type is known. */ -}}
{{- define "tcp-sniffer.policy.most" -}}
{{- if kindIs "invalid" . -}}
[]
{{- else -}}
[double({{ toJson . }})]
{{- end -}}
{{- end }}

{{- /* variables.rules: what pods may ask for. No host at all is written as a pattern that no host fits. Values of an older chart, reused for an upgrade, may have no such rule. */ -}}
{{- define "tcp-sniffer.policy.rules" -}}
{{- $policy := .Values.policy | default dict -}}
{{- $hosts := $policy.outputHosts -}}
{{- if and (kindIs "slice" $hosts) (not $hosts) -}}
{{- $hosts = list "" -}}
{{- end -}}
{'images': dyn({{ include "tcp-sniffer.policy.patterns" $policy.images }}), 'outputHosts': dyn({{ include "tcp-sniffer.policy.patterns" $hosts }}), 'redactHeaders': dyn({{ include "tcp-sniffer.policy.lower" $policy.redactHeaders }}), 'redactQuery': dyn({{ include "tcp-sniffer.policy.lower" $policy.redactQuery }}), 'redactBody': dyn({{ toJson ($policy.redactBody | default list) }}), 'redact': dyn({{ toJson ($policy.redact | default "default") }}), 'locked': dyn({{ toJson ($policy.locked | default list) }}), 'tlsKeylog': dyn({{ toJson ($policy.tlsKeylog | default false) }}), 'maxBodySize': dyn({{ include "tcp-sniffer.policy.most" $policy.maxBodySize }}), 'maxSampleRate': dyn({{ include "tcp-sniffer.policy.most" $policy.maxSampleRate }}), 'variables': dyn({{ include "tcp-sniffer.policy.patterns" .Values.locks.variables }}), 'mountPaths': dyn({{ include "tcp-sniffer.policy.patterns" .Values.locks.mountPaths }}), 'capabilities': dyn({{ toJson (.Values.locks.capabilities | default list) }}), 'capabilityImages': dyn({{ include "tcp-sniffer.policy.patterns" .Values.locks.capabilityImages }})}
{{- end }}

{{- define "tcp-sniffer.policy.settings" -}}
variables:
  - name: d
    expression: {{ include "tcp-sniffer.policy.defaults" . | quote }}
  - name: rules
    expression: {{ include "tcp-sniffer.policy.rules" . | quote }}
{{- end }}

{{- define "tcp-sniffer.policy.variables" -}}
{{ include "tcp-sniffer.policy.settings" . }}
{{ .Files.Get "policy/variables.yaml" }}
{{- end }}

{{- /* New pods outside of the namespaces that are always left out. */ -}}
{{- define "tcp-sniffer.policy.pods" -}}
matchConstraints:
  namespaceSelector:
    matchExpressions:
{{- include "tcp-sniffer.namespaces" . }}
  resourceRules:
    - apiGroups: ['']
      apiVersions: [v1]
      operations: [CREATE]
      resources: [pods]
      scope: Namespaced
matchConditions:
  - name: no-mirror-pod
    expression: "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}))"
{{- end }}

{{- /* Two bindings: every pod of a labelled namespace that is not labelled "false", and labelled pods of the others. */ -}}
{{- define "tcp-sniffer.policy.bindings" -}}
{{- range $which, $labels := dict "namespaces" (list "In" "NotIn" "false") "pods" (list "NotIn" "In" "true") }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: {{ $.kind }}
metadata:
  name: {{ $.policy }}-{{ $which }}
  labels:
    {{- include "tcp-sniffer.labels" $.root | nindent 4 }}
spec:
  policyName: {{ $.policy }}
{{- with $.actions }}
  validationActions: {{ toJson . }}
{{- end }}
  matchResources:
    namespaceSelector:
      matchExpressions:
        - { key: tcp-sniffer/inject, operator: {{ index $labels 0 }}, values: ['true'] }
    objectSelector:
      matchExpressions:
        - { key: tcp-sniffer/inject, operator: {{ index $labels 1 }}, values: ['{{ index $labels 2 }}'] }
{{- end }}
{{- end }}

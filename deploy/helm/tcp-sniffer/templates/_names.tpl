{{- define "tcp-sniffer.name" -}}
tcp-sniffer-injector
{{- end }}

{{- define "tcp-sniffer.selector" -}}
app.kubernetes.io/name: tcp-sniffer-injector
{{- end }}

{{- define "tcp-sniffer.labels" -}}
{{ include "tcp-sniffer.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "tcp-sniffer.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

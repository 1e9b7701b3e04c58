{{- define "cofferdam.name" -}}
{{- printf "%s" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "cofferdam.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "cofferdam.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "cofferdam.name" .) }}
{{- end }}

{{- define "cofferdam.selector" -}}
app.kubernetes.io/name: cofferdam
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cofferdam.labels" -}}
{{ include "cofferdam.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* The Deployments of each mode: name → replicas, parts, secret, and which ports are served. */ -}}
{{- define "cofferdam.deployments" -}}
{{- if eq .Values.mode "split" -}}
tenants: { replicas: 1, parts: tenants, secret: {{ .Values.secrets.admin }}, ledger: false, access: false }
access: { replicas: {{ .Values.replicas.access }}, parts: access, secret: {{ .Values.secrets.access }}, ledger: false, access: true }
ledger: { replicas: {{ .Values.replicas.ledger }}, parts: ledger, secret: {{ .Values.secrets.ledger }}, ledger: true, access: false }
{{- else -}}
all: { replicas: {{ .Values.replicas.all }}, parts: "ledger,access,tenants", secret: {{ .Values.secrets.admin }}, ledger: true, access: {{ include "cofferdam.auth" . }} }
{{- end -}}
{{- end }}

{{- define "cofferdam.auth" -}}
{{- if eq .Values.mode "single" }}{{ .Values.auth.enabled | default false }}{{ else }}true{{ end -}}
{{- end }}

{{- define "cofferdam.environment" -}}
- { name: ENV_NAME, value: {{ .Values.environmentName | quote }} }
- { name: LOG_LEVEL, value: {{ .Values.logLevel | quote }} }
- { name: MULTI_TENANT_ENABLED, value: {{ ne .Values.mode "single" | quote }} }
- { name: PLUGIN_AUTH_ENABLED, value: {{ include "cofferdam.auth" . | quote }} }
{{- if eq (include "cofferdam.auth" .) "true" }}
- { name: ACCESS_ISSUER, value: {{ required "access.publicUrl: the public https address of the Access Manager is needed when tokens are verified" .Values.access.publicUrl | quote }} }
{{- end }}
{{- if eq .Values.mode "split" }}
- { name: PLUGIN_AUTH_ADDRESS, value: {{ .Values.access.publicUrl | quote }} }
{{- end }}
- { name: BIND_ADDRESS, value: "0.0.0.0" }
{{- /* Endpoints forget a pod before it stops taking connections; its answers close theirs meanwhile. */}}
- { name: SHUTDOWN_DELAY_SECONDS, value: "5" }
- { name: TENANTS_BIND_ADDRESS, value: "0.0.0.0" }
{{- range $name, $value := .Values.env }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}

{{- define "cofferdam.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "cofferdam.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

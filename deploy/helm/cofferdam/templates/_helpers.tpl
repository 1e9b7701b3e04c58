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
- { name: SHUTDOWN_DELAY_SECONDS, value: {{ .Values.shutdownDelaySeconds | quote }} }
- { name: TENANTS_BIND_ADDRESS, value: "0.0.0.0" }
{{- include "cofferdam.refuse" . }}
{{- range $name, $value := .Values.env }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}

{{- /* Values that would render and then not be what was meant. */ -}}
{{- define "cofferdam.refuse" -}}
{{- $secret := list "DATABASE_URL" "CONTROL_DATABASE_URL" "ACCESS_DATABASE_URL" "COFFERDAM_ENCRYPTION_KEY" "TENANT_MANAGER_API_KEY" "ACCESS_SERVICE_KEY" "SMTP_URL" -}}
{{- $own := list "ENV_NAME" "LOG_LEVEL" "MULTI_TENANT_ENABLED" "PLUGIN_AUTH_ENABLED" "ACCESS_ISSUER" "BIND_ADDRESS" "TENANTS_BIND_ADDRESS" "SHUTDOWN_DELAY_SECONDS" "SERVER_PORT" "ACCESS_PORT" "TENANTS_PORT" "COFFERDAM_DATA_DIR" -}}
{{- range $name, $_ := .Values.env -}}
{{- if has $name $secret }}{{ fail (printf "env.%s holds a secret: put it into the Secret that secrets.* names, a value of the release is readable" $name) }}{{ end -}}
{{- if has $name $own }}{{ fail (printf "env.%s is set by this chart: see values.yaml for the value that it is made from" $name) }}{{ end -}}
{{- end -}}
{{- if lt (int .Values.terminationGracePeriodSeconds) (add (int .Values.shutdownDelaySeconds) 20 | int) -}}
{{- fail "terminationGracePeriodSeconds must be at least shutdownDelaySeconds + 20: 10 s for requests in flight, and some for closing" -}}
{{- end -}}
{{- if and (eq .Values.mode "single") (kindIs "invalid" .Values.auth.enabled) (or .Values.ingress.enabled (ne .Values.service.type "ClusterIP")) -}}
{{- fail "auth.enabled: the ledger would be reached from outside the cluster; say true (tokens) or false (whoever reaches it reads and posts)" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.metricsFrom) -}}
{{- fail "networkPolicy.metricsFrom is empty: Prometheus (serviceMonitor.enabled) would not be let in" -}}
{{- end -}}
{{- end -}}

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

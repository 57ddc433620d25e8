{{/* The name of everything: the release's, with the chart's where that is not in it. */}}
{{- define "koe.name" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) -}}
{{- $name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "koe.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "koe.labels" -}}
{{ include "koe.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "koe.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* "true" where the plugin metrics is enabled. */}}
{{- define "koe.metrics" -}}
{{- if has "metrics" .Values.config.plugins.enabled }}true{{ end }}
{{- end }}

{{/* How long a pod may take to end: the wait for the last requests, the drain, and a margin. */}}
{{- define "koe.grace" -}}
{{ add (ceil .Values.config.server.drain_timeout_s) .Values.preStopSeconds 20 }}
{{- end }}

{{/*
The configuration as TOML. With keysSecret, auth reads it. Where `enabled` has no place for auth, that is behind the plugins
which have to see what it refuses, and before all others.
*/}}
{{- define "koe.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if .Values.keysSecret }}
{{- $plugins := $config.plugins }}
{{- $auth := $plugins.auth | default dict }}
{{- $_ := set $auth "keys_file" "/etc/koe/keys/keys.toml" }}
{{- $_ := set $plugins "auth" $auth }}
{{- if not (has "auth" $plugins.enabled) }}
{{- $before := list }}
{{- $behind := list }}
{{- range $plugins.enabled }}
{{- if has . (list "metrics" "tracing" "security" "compression" "cors") }}
{{- $before = append $before . }}
{{- else }}
{{- $behind = append $behind . }}
{{- end }}
{{- end }}
{{- $_ := set $plugins "enabled" (concat $before (list "auth") $behind) }}
{{- end }}
{{- end }}
{{- include "koe.table" (dict "path" list "table" $config) }}
{{- end }}

{{/* A table: its own keys but those that are null, then the tables in it. JSON's strings, numbers and lists are TOML's, too. */}}
{{- define "koe.table" -}}
{{- range $key, $value := .table }}
{{- if not (or (kindIs "map" $value) (kindIs "invalid" $value)) }}
{{ toJson $key }} = {{ include "koe.value" $value }}
{{- end }}
{{- end }}
{{- $path := .path }}
{{- range $key, $value := .table }}
{{- if kindIs "map" $value }}
{{- $inner := append $path (toJson $key) }}
[{{ join "." $inner }}]
{{- include "koe.table" (dict "path" $inner "table" $value) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "koe.value" -}}
{{- $parts := list }}
{{- if kindIs "slice" . }}
{{- range . }}{{ $parts = append $parts (include "koe.value" .) }}{{ end -}}
[{{ join ", " $parts }}]
{{- else if kindIs "map" . }}
{{- range $key, $value := . }}{{ $parts = append $parts (printf "%s = %s" (toJson $key) (include "koe.value" $value)) }}{{ end -}}
{ {{ join ", " $parts }} }
{{- else -}}
{{ toJson . }}
{{- end }}
{{- end }}

{{- define "koe.env" -}}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $place := .Values.secretEnv }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $place.name }}
      key: {{ $place.key }}
{{- end }}
{{- end }}

{{- define "koe.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

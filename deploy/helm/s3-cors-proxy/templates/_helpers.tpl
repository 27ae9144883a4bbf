{{- define "s3-cors-proxy.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 57 | trimSuffix "-" -}}
{{- end -}}

{{- define "s3-cors-proxy.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 57 | trimSuffix "-" -}}
{{- else if contains (include "s3-cors-proxy.name" .) .Release.Name -}}
{{- .Release.Name | trunc 57 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "s3-cors-proxy.name" .) | trunc 57 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "s3-cors-proxy.selectorLabels" -}}
app.kubernetes.io/name: {{ include "s3-cors-proxy.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "s3-cors-proxy.labels" -}}
{{ include "s3-cors-proxy.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "s3-cors-proxy.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "s3-cors-proxy.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "s3-cors-proxy.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "s3-cors-proxy.configMap" -}}
{{- default (include "s3-cors-proxy.fullname" .) .Values.existingConfigMap -}}
{{- end -}}

{{/* preStop, then drainSeconds, then a little more. */}}
{{- define "s3-cors-proxy.terminationGracePeriodSeconds" -}}
{{- $drain := 25 -}}
{{- if hasKey .Values.config "drainSeconds" -}}{{- $drain = .Values.config.drainSeconds -}}{{- end -}}
{{- add (int .Values.preStopSleepSeconds) (ceil $drain | int) 15 -}}
{{- end -}}

{{- define "shale-warmer.name" -}}
{{- printf "%s-shale-warmer" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "shale-warmer.selector" -}}
app.kubernetes.io/name: shale-warmer
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "shale-warmer.labels" -}}
{{ include "shale-warmer.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "shale-warmer.claim" -}}
{{- .Values.volume.existingClaim | default (include "shale-warmer.name" .) -}}
{{- end -}}

{{- define "shale-warmer.config" -}}
{{- $own := dict "directory" "/cache" "listen" (printf "0.0.0.0:%v" .Values.service.port) "serve" .Values.serve -}}
{{- if eq .Values.mode "deployment" -}}
{{- $_ := set $own "history" "/state/history.sqlite" -}}
{{- if .Values.tokenSecretName }}{{ $_ := set $own "tokenFile" "/secrets/token/token" }}{{ end -}}
{{- if .Values.webhookSecretName }}{{ $_ := set $own "webhookSecretFile" "/secrets/webhook/webhook" }}{{ end -}}
{{- end -}}
{{- if .Values.registryCredentials.secretName -}}
{{- $registries := merge (dict "dockerConfigs" (list "/secrets/registry/.dockerconfigjson")) (.Values.config.registries | default dict) -}}
{{- $_ := set $own "registries" $registries -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) -}}
{{- end -}}

{{- define "shale-warmer.pod" -}}
metadata:
  labels:
    {{- include "shale-warmer.labels" . | nindent 4 }}
  annotations:
    checksum/config: {{ include "shale-warmer.config" . | sha256sum }}
spec:
  automountServiceAccountToken: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- if eq .Values.mode "cronjob" }}
  restartPolicy: Never
  {{- end }}
  terminationGracePeriodSeconds: 10
  containers:
    - name: warmer
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [shale-warmerd]
      args: [--config, /config/config.yaml{{ if eq .Values.mode "cronjob" }}, --once{{ end }}]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      {{- if eq .Values.mode "deployment" }}
      ports:
        - { name: http, containerPort: {{ .Values.service.port }} }
      livenessProbe:
        httpGet: { path: /healthz, port: http }
      readinessProbe:
        httpGet: { path: /readyz, port: http }
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - { name: images, mountPath: /cache }
        - { name: config, mountPath: /config, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        - { name: state, mountPath: /state }
        {{- if .Values.registryCredentials.secretName }}
        - { name: registry, mountPath: /secrets/registry, readOnly: true }
        {{- end }}
        {{- if and .Values.tokenSecretName (eq .Values.mode "deployment") }}
        - { name: token, mountPath: /secrets/token, readOnly: true }
        {{- end }}
        {{- if and .Values.webhookSecretName (eq .Values.mode "deployment") }}
        - { name: webhook, mountPath: /secrets/webhook, readOnly: true }
        {{- end }}
  volumes:
    - name: images
      persistentVolumeClaim: { claimName: {{ include "shale-warmer.claim" . }} }
    - name: config
      configMap: { name: {{ include "shale-warmer.name" . }} }
    - name: tmp
      emptyDir: {}
    - name: state
      emptyDir: {}
    {{- if .Values.registryCredentials.secretName }}
    - name: registry
      secret: { secretName: {{ .Values.registryCredentials.secretName }} }
    {{- end }}
    {{- if and .Values.tokenSecretName (eq .Values.mode "deployment") }}
    - name: token
      secret: { secretName: {{ .Values.tokenSecretName }} }
    {{- end }}
    {{- if and .Values.webhookSecretName (eq .Values.mode "deployment") }}
    - name: webhook
      secret: { secretName: {{ .Values.webhookSecretName }} }
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "lotkeeper.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains "lotkeeper" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-lotkeeper" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "lotkeeper.selectorLabels" -}}
app.kubernetes.io/name: lotkeeper
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "lotkeeper.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/name: lotkeeper
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "lotkeeper.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "lotkeeper.serviceAccountName" -}}
{{ .Values.serviceAccount.existingName | default (include "lotkeeper.fullname" .) }}
{{- end -}}

{{- define "lotkeeper.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "lotkeeper.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The environment of the server, and of every command on the same store. */}}
{{- define "lotkeeper.environment" -}}
- name: LOTKEEPER_LISTEN
  value: {{ ternary "127.0.0.1:50051" "0.0.0.0:50051" .Values.bootstrap }}
- name: LOTKEEPER_METRICS_LISTEN
  value: "0.0.0.0:9464"
{{- if .Values.database.existingSecret }}
- name: LOTKEEPER_DATABASE_URL_FILE
  value: /etc/lotkeeper/database/url
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: LOTKEEPER_TLS_CERTIFICATE_FILE
  value: /etc/lotkeeper/tls/tls.crt
- name: LOTKEEPER_TLS_KEY_FILE
  value: /etc/lotkeeper/tls/tls.key
{{- else if .Values.allowPlaintext }}
- name: LOTKEEPER_ALLOW_PLAINTEXT
  value: "true"
{{- end }}
{{- if .Values.tls.clientCaSecret }}
- name: LOTKEEPER_TLS_CLIENT_CA_FILE
  value: /etc/lotkeeper/client-ca/ca.crt
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: LOTKEEPER_{{ upper $name }}
  value: {{ kindIs "float64" $value | ternary (printf "%v" ($value | toJson)) (toString $value) | quote }}
{{- end }}
{{- end -}}

{{- define "lotkeeper.mounts" -}}
- name: temporary
  mountPath: /tmp
{{- if .Values.database.existingSecret }}
- name: database
  mountPath: /etc/lotkeeper/database
  readOnly: true
{{- else }}
- name: store
  mountPath: /var/lib/lotkeeper
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/lotkeeper/tls
  readOnly: true
{{- end }}
{{- if .Values.tls.clientCaSecret }}
- name: client-ca
  mountPath: /etc/lotkeeper/client-ca
  readOnly: true
{{- end }}
{{- end -}}

{{/* The volumes but for the store's. The server's group may read secrets, and nobody else. */}}
{{- define "lotkeeper.volumes" -}}
- name: temporary
  emptyDir: {}
{{- if .Values.database.existingSecret }}
- name: database
  secret:
    secretName: {{ .Values.database.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ .Values.database.key }}
        path: url
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ .Values.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- if .Values.tls.clientCaSecret }}
- name: client-ca
  secret:
    secretName: {{ .Values.tls.clientCaSecret }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end -}}

{{/* The pod of the server: what a StatefulSet and a Deployment have in common. */}}
{{- define "lotkeeper.pod" -}}
metadata:
  labels:
    {{- include "lotkeeper.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "lotkeeper.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "lotkeeper.podSecurityContext" . | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not .Values.database.existingSecret }}
  initContainers:
    - name: migrate
      image: {{ include "lotkeeper.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [migrate]
      securityContext:
        {{- include "lotkeeper.securityContext" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: store
          mountPath: /var/lib/lotkeeper
        - name: temporary
          mountPath: /tmp
  {{- end }}
  containers:
    - name: server
      image: {{ include "lotkeeper.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        {{- include "lotkeeper.environment" . | nindent 8 }}
      ports:
        - name: grpc
          containerPort: 50051
        - name: metrics
          containerPort: 9464
      # By HTTP: Kubernetes' gRPC probe cannot speak TLS. A store that cannot be used is no reason for a restart, so
      # only readiness asks for it.
      startupProbe:
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 1
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 2
      securityContext:
        {{- include "lotkeeper.securityContext" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "lotkeeper.mounts" . | nindent 8 }}
  volumes:
    {{- include "lotkeeper.volumes" . | nindent 4 }}
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

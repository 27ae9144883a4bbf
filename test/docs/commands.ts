// Commands of the documentation that no test can run as they stand, each with the reason, and with what runs instead.

export interface NotRun {
  readonly command: RegExp
  readonly reason: string
}

export const notRun: readonly NotRun[] = [
  { command: /^npm ci && npm start$/, reason: 'installs the project anew; test/demo starts what it starts' },
  { command: /^npm ci && npm test$/, reason: 'installs the project anew and runs this test again' },
  {
    command: /^npm ci && npx s3-cors-proxy serve /,
    reason: 'installs the project anew; test/cli/commands/serve.test.ts serves',
  },
  { command: /^npm ci --omit=dev /, reason: 'installs from a registry; test/deploy/dockerfile.test.ts does the same' },
  { command: /^docker build /, reason: 'needs an engine; test/deploy checks the Dockerfile without one' },
  {
    command: /^docker (?:run|exec|kill|stop) /,
    reason: 'needs an engine; test/deploy/dockerfile.test.ts runs what the image runs',
  },
  {
    command: /^docker compose .* up /,
    reason: 'needs an engine; test/deploy/compose.test.ts has Compose read the file',
  },
  { command: /^kubectl (?:create|-n \S+ port-forward) /, reason: 'needs a cluster' },
  { command: /^helm upgrade /, reason: 'needs a cluster; test/deploy/helm.test.ts renders the chart' },
  { command: /^systemctl /, reason: 'needs systemd as process 1; test/deploy/systemd.test.ts verifies the unit' },
  {
    command: /^aws s3api put-bucket-cors /,
    reason: 'needs MinIO and its keys; test/daemon/minio-managed.test.ts puts rules with it',
  },
  { command: /^curl .*minio\.example\.com/, reason: 'asks a machine that there is not, and has to fail' },
  {
    command: /^npx s3-cors-proxy import --from-upstream /,
    reason: 'needs the gateway; test/cli/commands/import-upstream.test.ts asks one',
  },
]

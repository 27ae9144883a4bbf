// Secrets are no settings: a command line is seen by every process of the machine, a file goes into repositories.

/** The variable of each secret. */
export const secretVariables = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
  adminToken: 'S3CORS_ADMIN_TOKEN',
} as const

/** What `upstream.credentials` may say, where people write the keys themselves. */
export const credentialsAllowed = `"environment" or "none"; the keys come by the environment variables ${secretVariables.accessKeyId} and ${secretVariables.secretAccessKey}, or by the same with _FILE and the path of a file`

/** As people and other programs write them, letters alone. */
const spellings: Readonly<Record<string, string>> = {
  accesskeyid: secretVariables.accessKeyId,
  accesskey: secretVariables.accessKeyId,
  awsaccesskey: secretVariables.accessKeyId,
  secretaccesskey: secretVariables.secretAccessKey,
  secretkey: secretVariables.secretAccessKey,
  secret: secretVariables.secretAccessKey,
  awssecretkey: secretVariables.secretAccessKey,
  sessiontoken: secretVariables.sessionToken,
  securitytoken: secretVariables.sessionToken,
  admintoken: secretVariables.adminToken,
  token: secretVariables.adminToken,
  bearertoken: secretVariables.adminToken,
  authtoken: secretVariables.adminToken,
  apitoken: secretVariables.adminToken,
  adminpassword: secretVariables.adminToken,
  password: secretVariables.adminToken,
  ...Object.fromEntries(Object.values(secretVariables).map(name => [lettersOf(name), name])),
}

/** How the secret that a key, flag or variable of this name would hold is given; undefined where the name is that of no secret. */
export function howToGiveSecret(name: string): string | undefined {
  const letters = lettersOf(name)
  const own = Object.hasOwn(spellings, letters) ? letters : letters.replace(/^(?:s3cors)?(?:upstream)?(?:aws)?/, '')
  const variable = Object.hasOwn(spellings, own) ? spellings[own] : undefined
  return variable === undefined
    ? undefined
    : `a secret comes by the environment variable ${variable}, or by ${variable}_FILE with the path of a file`
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

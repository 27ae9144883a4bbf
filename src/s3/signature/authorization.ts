/** What an Authorization field says of a SigV4 signature. */
export interface SigV4Authorization {
  readonly accessKeyId: string
  /** YYYYMMDD of the credential's scope. */
  readonly date: string
  readonly signedNames: readonly string[]
}

const credentialForm = /^([^\s,]{1,256})\/(\d{8})\/[A-Za-z0-9._-]{1,64}\/s3\/aws4_request$/
const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^\s,]{1,400}), ?SignedHeaders=([^\s,]{1,4096}), ?Signature=([0-9a-f]{64})$/
const nameForm = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * Reads SigV4 in the one form that every SDK writes and every S3 server verifies; undefined for any other:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html. SigV4A is another: no server but
 * Amazon's knows it.
 */
export function parseAuthorization(authorization: string): SigV4Authorization | undefined {
  const [, credential, names] = authorizationForm.exec(authorization) ?? []
  if (credential === undefined || names === undefined) return undefined
  return parseScopedNames(credential, names)
}

/** The same of the credential and SignedHeaders that stand apart in a presigned URL, decoded. */
export function parseScopedNames(credential: string, names: string): SigV4Authorization | undefined {
  const [, accessKeyId, date] = credentialForm.exec(credential) ?? []
  if (accessKeyId === undefined || date === undefined) return undefined
  const signedNames = parseSignedHeaders(names)
  return signedNames === undefined ? undefined : { accessKeyId, date, signedNames }
}

/** No request has more field lines: of more names some are not there. */
const maxSignedNames = 512

/** SignedHeaders: names in lower case, in order, each once, Host among them; else the signature is verified by none. */
function parseSignedHeaders(text: string): readonly string[] | undefined {
  const names = text.split(';', maxSignedNames + 1)
  if (names.length > maxSignedNames) return undefined
  for (const [i, name] of names.entries()) {
    if (!nameForm.test(name) || (i > 0 && name <= (names[i - 1] as string))) return undefined
  }
  return names.includes('host') ? names : undefined
}

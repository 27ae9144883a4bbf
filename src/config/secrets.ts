import type { Environment } from './environment.ts'
import { decodeText } from './files/decode-text.ts'
import type { ReadFile } from './files/file-content.ts'
import type { ConfigurationIssue } from './issue.ts'
import { secretVariables as variables } from './secret-names.ts'

/** What must never be written anywhere. The properties are not enumerable, so that no log or JSON shows them by accident. */
export interface Secrets {
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
  readonly sessionToken?: string | undefined
  readonly adminToken?: string | undefined
}

/** Either the secrets or every fault. */
export type ReadSecrets =
  | { readonly secrets: Secrets; readonly issues: readonly [] }
  | { readonly secrets: undefined; readonly issues: readonly ConfigurationIssue[] }

/** 64 bits at the least, if its characters are hexadecimal digits. */
const minTokenLength = 16
const tokenAllowed = `at least ${minTokenLength} characters, such as \`openssl rand -hex 32\` makes`

/** Whether the environment gives an admin token, in either form. */
export function hasAdminToken(environment: Environment): boolean {
  return environment.S3CORS_ADMIN_TOKEN !== undefined || environment.S3CORS_ADMIN_TOKEN_FILE !== undefined
}

/** Whether the environment gives keys for the endpoint, in either form. */
export function hasKeys(environment: Environment): boolean {
  return environment.AWS_ACCESS_KEY_ID !== undefined || environment.AWS_ACCESS_KEY_ID_FILE !== undefined
}

/** Reads the secrets from the variables, or from the files that the variables with `_FILE` name (as Docker and Kubernetes mount them). */
export function readSecrets(environment: Environment, readFile: ReadFile): ReadSecrets {
  const secrets: Secrets = {}
  const issues: ConfigurationIssue[] = []
  for (const [key, variable] of Object.entries(variables)) {
    const read = readOne(environment, variable, readFile)
    if (typeof read === 'object') issues.push(read)
    else if (key === 'adminToken' && read !== undefined && read.length < minTokenLength)
      issues.push(fault(nameOf(environment, variable), 'the token is short enough to be guessed', tokenAllowed))
    else if (read !== undefined) Object.defineProperty(secrets, key, { value: read, enumerable: false })
  }
  const { accessKeyId, secretAccessKey, sessionToken } = secrets
  if (issues.length === 0 && accessKeyId !== undefined && secretAccessKey === undefined) {
    issues.push(fault(variables.accessKeyId, 'set without AWS_SECRET_ACCESS_KEY', 'both or neither'))
  }
  if (issues.length === 0 && accessKeyId === undefined && (secretAccessKey ?? sessionToken) !== undefined) {
    const alone = secretAccessKey === undefined ? variables.sessionToken : variables.secretAccessKey
    issues.push(fault(alone, 'set without AWS_ACCESS_KEY_ID', 'both or neither'))
  }
  return issues.length > 0 ? { secrets: undefined, issues } : { secrets, issues: [] }
}

function readOne(
  environment: Environment,
  variable: string,
  readFile: ReadFile,
): string | undefined | ConfigurationIssue {
  const direct = environment[variable]
  const fileVariable = `${variable}_FILE`
  const file = environment[fileVariable]
  if (direct !== undefined && file !== undefined) return fault(fileVariable, `set beside ${variable}`, 'one of them')
  if (file === undefined) return direct === undefined ? undefined : usable(variable, direct)
  const content = readFile(file)
  if (content.kind === 'failed') return fault(fileVariable, content.message, 'the path of a readable file')
  const decoded = decodeText(content.bytes)
  if ('fault' in decoded) return fault(fileVariable, decoded.fault.message, 'a file with the secret alone')
  return usable(fileVariable, decoded.text.replace(/\r?\n$/, ''))
}

/** The variable that gives the secret. */
function nameOf(environment: Environment, variable: string): string {
  return environment[variable] === undefined ? `${variable}_FILE` : variable
}

/** A secret goes into a header field or is compared with one: visible ASCII, and never empty. */
function usable(variable: string, secret: string): string | ConfigurationIssue {
  if (/^[\x21-\x7e]+$/.test(secret)) return secret
  return fault(
    variable,
    secret === '' ? 'the value is empty' : 'the value has spaces or characters that are not ASCII',
    'visible ASCII characters',
  )
}

function fault(file: string, message: string, allowed: string): ConfigurationIssue {
  return { severity: 'fault', reason: 'secret', file, path: [], value: undefined, message, allowed }
}

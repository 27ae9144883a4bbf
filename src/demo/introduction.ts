import type { Place } from './local-server.ts'

/** What the demo tells. */
export interface IntroductionOptions {
  readonly page: Place
  readonly proxy: Place
  readonly admin: Place
  readonly endpoint: Place
  /** The configuration's file, as a person here would name it. */
  readonly configFile: string
  /** How long the start took. */
  readonly seconds: number
}

/**
 * What `npm start` prints: where everything is, and three commands. Each command stands at the start of its line, so that it
 * can be copied whole, with double quotes, which every shell takes.
 */
export function introduce({ page, proxy, admin, endpoint, configFile, seconds }: IntroductionOptions): string {
  const preflight = 'curl -i -X OPTIONS -H "Access-Control-Request-Method: GET"'
  const object = `${proxy.url}/my-media/hello.txt`
  const moved = [
    ...describeMove('page', page),
    ...describeMove('proxy', proxy),
    ...describeMove('admin port', admin),
    ...describeMove('endpoint', endpoint),
  ]
  return [
    '',
    `Everything runs (${seconds.toFixed(1)} s). Open the page:`,
    '',
    `  Page      ${page.url}/  one request of a browser that is allowed, one that is refused, and why`,
    `  Proxy     ${proxy.url}  S3, with the CORS rules of ${configFile}`,
    `  Admin     ${admin.url}/  decisions, rules, metrics, explanations`,
    `  Endpoint  ${endpoint.url}  an embedded S3 server, which by itself lets every site in`,
    '',
    ...(moved.length === 0 ? [] : [...moved, '']),
    'A preflight that a rule allows:',
    `${preflight} -H "Origin: https://my-app.xyz" ${object}`,
    '',
    'One that no rule allows, with the answer that S3 gives:',
    `${preflight} -H "Origin: https://other-site.example" ${object}`,
    '',
    "The object itself, with S3's CORS fields in place of the endpoint's own:",
    `curl -i -H "Origin: https://my-app.xyz" ${object}`,
    '',
    `Edit ${configFile}: the proxy reads it again by itself. Refusals are logged here. Ctrl-C ends it.`,
    '',
    '',
  ].join('\n')
}

function describeMove(name: string, { url, wantedPort }: Place): readonly string[] {
  const { port } = new URL(url)
  if (wantedPort === 0 || port === String(wantedPort)) return []
  return [`Port ${wantedPort} is taken: the ${name} is on ${port}.`]
}

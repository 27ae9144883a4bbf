/** What the demo tells. */
export interface IntroductionOptions {
  readonly pageUrl: string
  readonly proxyUrl: string
  readonly adminUrl: string
  readonly endpointUrl: string
  readonly configFile: string
  readonly moved: readonly string[]
  readonly seconds: number
}

/**
 * What `npm start` prints: where everything is, and three commands. Each command stands at the start of its line, so that it
 * can be copied whole, with double quotes, which every shell takes.
 */
export function introduce(options: IntroductionOptions): string {
  const { pageUrl, proxyUrl, adminUrl, endpointUrl, configFile, moved, seconds } = options
  const preflight = 'curl -i -X OPTIONS -H "Access-Control-Request-Method: GET"'
  const object = `${proxyUrl}/my-media/hello.txt`
  return [
    '',
    `Everything runs (${seconds.toFixed(1)} s). Open the page:`,
    '',
    `  Page      ${pageUrl}/  one request of a browser that is allowed, one that is refused, and why`,
    `  Proxy     ${proxyUrl}  S3, with the CORS rules of ${configFile}`,
    `  Admin     ${adminUrl}/  decisions, rules, metrics, explanations`,
    `  Endpoint  ${endpointUrl}  an embedded S3 server, which by itself lets every site in`,
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

/** An object that the embedded endpoint has from the start. */
export interface DemoObject {
  readonly bucket: string
  readonly key: string
  readonly contentType: string
  readonly body: string
}

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 120" role="img" aria-label="A bucket behind a gate">
  <rect width="320" height="120" rx="10" fill="#12355b"/>
  <path d="M24 60h98M156 60h58" stroke="#8ab8ff" stroke-width="4" stroke-dasharray="2 8" stroke-linecap="round"/>
  <g fill="none" stroke="#ffffff" stroke-width="5" stroke-linecap="round" stroke-linejoin="round">
    <path d="M134 26v68M150 26v68M126 38h32M126 82h32"/>
    <path d="M224 38h64l-9 52h-46z"/>
    <ellipse cx="256" cy="38" rx="32" ry="9"/>
  </g>
  <circle cx="24" cy="60" r="8" fill="#6fd69b"/>
</svg>
`

/** What is in the embedded endpoint. The buckets are those of config/example.yaml. */
export const demoObjects: readonly DemoObject[] = [
  { bucket: 'my-media', key: 'picture.svg', contentType: 'image/svg+xml', body: picture },
  { bucket: 'my-media', key: 'hello.txt', contentType: 'text/plain; charset=utf-8', body: 'Hello from my-media.\n' },
  {
    bucket: 'incoming',
    key: 'upload.json',
    contentType: 'application/json',
    body: '{ "from": "a visitor of https://my-app.xyz", "text": "not for other sites" }\n',
  },
  {
    bucket: 'archive',
    key: 'report.json',
    contentType: 'application/json',
    body: '{ "report": "first quarter", "visits": 1234 }\n',
  },
  { bucket: 'scratch', key: 'note.txt', contentType: 'text/plain; charset=utf-8', body: 'No site may read this.\n' },
]

/** Every bucket of the demo, once. */
export const demoBuckets: readonly string[] = [...new Set(demoObjects.map(({ bucket }) => bucket))]

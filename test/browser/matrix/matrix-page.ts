// What every page of the matrix has: helpers that say in one word how a browser took an answer, and the clients of
// https://my-app.xyz/clients.js, bundled as a site would bundle them.

import { bundleForBrowser } from '../browser-bundle.ts'

export const pageHtml = `<!doctype html>
<title>matrix</title>
<script>
// A URL of this case alone: no cache of another case knows it.
function own(url) {
  return url.includes('?') ? url : url + location.search
}

// 'STATUS BODY' of what the page may read, or the name of the error: TypeError is what CORS makes of a response.
async function ask(url, init) {
  try {
    const response = await fetch(own(url), init)
    return (response.status + ' ' + await response.text()).trim()
  } catch (error) {
    return error.name === 'TypeError' ? 'blocked' : error.name
  }
}

// A field of the response as the page sees it, null when it is hidden.
async function field(url, name, init) {
  return (await fetch(own(url), init)).headers.get(name)
}

// The first of the events that an element of the page gets.
function load(tag, attributes, ...events) {
  return new Promise(resolve => {
    const element = document.createElement(tag)
    for (const event of [...events, 'error']) element.addEventListener(event, () => resolve({ element, event }))
    Object.assign(element, attributes, { src: own(attributes.src) })
    document.body.append(element)
  })
}

// What 'ask' says in a sandboxed frame, whose origin is null.
function askInFrame(url, init) {
  return new Promise(resolve => {
    addEventListener('message', ({ data }) => resolve(data), { once: true })
    const frame = document.createElement('iframe')
    frame.sandbox = 'allow-scripts'
    frame.srcdoc = '<script>' + own + ask + ';ask(' + JSON.stringify(own(url)) + ',' + JSON.stringify(init) +
      ').then(said => parent.postMessage(self.origin + ": " + said, "*"))</' + 'script>'
    document.body.append(frame)
  })
}
</script>
<body></body>`

/** The SDK's uploader and Uppy as one script that defines `clients`. */
export async function bundleClients(): Promise<string> {
  return await bundleForBrowser(
    'clients',
    `
        export { S3Client } from '@aws-sdk/client-s3'
        export { Upload } from '@aws-sdk/lib-storage'
        export { default as Uppy } from '@uppy/core'
        export { default as AwsS3 } from '@uppy/aws-s3'`,
  )
}

import { type Html, html } from './html.ts'

/** A whole document of the admin port, with the style and the script that all of them have. `body`: what stands in its body. */
export function renderDocument(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
${body}
</body>
</html>
`.toString()
}

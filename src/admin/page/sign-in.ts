import { renderDocument } from './document.ts'
import { html } from './html.ts'

/**
 * What a browser without the token gets in the place of the page. The script keeps the token in a variable and sends it as Bearer: it
 * is in no URL, no cookie and no storage, and no other page can make the browser send it.
 */
export function renderSignIn(): string {
  return renderDocument(
    's3-cors-proxy: token',
    html`<header><h1>s3-cors-proxy</h1>
<p id="said" role="status"></p></header>
<main>
<form id="sign-in" hidden>
<p><label for="token">Admin token</label><input id="token" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" required></p>
<p><button type="submit">Show the page</button></p>
</form>
<noscript><p>Without scripts, a browser cannot send the token from here. Use <code>curl -H 'Authorization: Bearer …'</code>.</p></noscript>
<p>It is the proxy’s <code>S3CORS_ADMIN_TOKEN</code>. This tab keeps it in memory alone, and forgets it when it is loaded again or closed.</p>
<p class="quiet">Over plain HTTP the token can be read on its way. Take an SSH tunnel from another machine: <code>ssh -L 9464:127.0.0.1:9464 HOST</code>.</p>
</main>`,
  )
}

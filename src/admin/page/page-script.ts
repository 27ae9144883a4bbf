/**
 * The page's script: it fetches the page again every five seconds and takes over the parts that changed, so the server alone
 * makes HTML. What is open stays open, where the focus is nothing is replaced. Without it the page works all the same.
 *
 * Where the form for the token was sent in the place of the page, the script keeps the token in a variable, sends it as Bearer and
 * without credentials of the browser (https://fetch.spec.whatwg.org/#concept-request-credentials-mode), and follows links and forms by
 * itself, since the browser would not send it. It sends the token to the page's own origin alone.
 */
export const pageScript = `'use strict'
let token

function say(text) {
  document.getElementById('said').textContent = text
}

function ask(url, options = {}) {
  if (new URL(url, location.href).origin !== location.origin) throw new Error('another origin')
  if (token === undefined) return fetch(url, { cache: 'no-store', ...options })
  const headers = { ...options.headers, authorization: 'Bearer ' + token }
  return fetch(url, { cache: 'no-store', redirect: 'error', ...options, credentials: 'omit', headers })
}

function reveal(root) {
  for (const button of root.querySelectorAll('button[data-post], button[data-copy]')) button.hidden = false
}

function start() {
  const signIn = document.getElementById('sign-in')
  const actions = document.getElementById('actions')
  if (signIn !== null) {
    signIn.hidden = false
    document.getElementById('token').focus()
  }
  if (actions !== null) actions.hidden = false
  reveal(document)
}

function takeOver(section, fresh) {
  const open = new Set(Array.from(section.querySelectorAll('details[open]'), details => details.dataset.key))
  for (const details of fresh.querySelectorAll('details')) details.open = open.has(details.dataset.key)
  reveal(fresh)
  if (section.innerHTML === fresh.innerHTML) return
  const scroll = section.querySelector('.scroll')?.scrollLeft ?? 0
  section.replaceChildren(...fresh.childNodes)
  const table = section.querySelector('.scroll')
  if (table !== null) table.scrollLeft = scroll
}

async function refresh() {
  const url = location.href
  const response = await ask(location.origin + location.pathname + location.search)
  if (!response.ok) throw new Error('status ' + response.status)
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  if (location.href !== url) return
  const wanted = Array.from(page.querySelectorAll('[data-refresh]'), section => section.id)
  const shown = Array.from(document.querySelectorAll('[data-refresh]'), section => section.id)
  if (wanted.join() !== shown.join()) {
    if (token === undefined) location.reload()
    else put(page)
    return
  }
  for (const id of wanted) {
    const section = document.getElementById(id)
    if (!section.contains(document.activeElement)) takeOver(section, page.getElementById(id))
  }
}

let lost = false
async function poll() {
  try {
    if (document.getElementById('polling')?.checked && document.visibilityState === 'visible') {
      await refresh()
      if (lost) say('')
      lost = false
    }
  } catch (error) {
    if (!lost) say('The proxy does not answer: what is shown is old.')
    lost = true
  }
  setTimeout(poll, 5000)
}

function put(page) {
  document.title = page.title
  document.body.replaceChildren(...page.body.childNodes)
  start()
}

function putText(text) {
  const back = document.createElement('a')
  back.href = '/'
  back.textContent = 'Back to the page'
  const content = document.createElement('pre')
  content.tabIndex = 0
  content.textContent = text
  document.querySelector('main').replaceChildren(back, content)
}

async function show(url, isNew) {
  try {
    const response = await ask(url.href)
    const text = await response.text()
    const type = response.headers.get('content-type') ?? ''
    if (!response.ok) throw new Error(type.startsWith('application/json') ? JSON.parse(text).error : 'status ' + response.status)
    if (isNew) history.pushState(null, '', url)
    if (type.startsWith('text/html')) put(new DOMParser().parseFromString(text, 'text/html'))
    else putText(text)
    if (url.hash !== '') document.getElementById(url.hash.slice(1))?.scrollIntoView()
    return true
  } catch (error) {
    say('This failed: ' + error.message)
    return false
  }
}

async function signIn(field) {
  say('Working …')
  token = field.value
  if (!(await show(new URL(location.href), false))) token = undefined
  field.value = ''
}

const resultWords = {
  unchanged: 'unchanged: what the files say is in force already',
  unsettled: 'unsettled: a file was still changing; press again',
}

async function post(button) {
  button.disabled = true
  say('Working …')
  try {
    const response = await ask(button.dataset.post, { method: 'POST', headers: { 'content-type': 'application/json' } })
    const answer = await response.json()
    const result = resultWords[answer.result] ?? answer.result
    const lines = [answer.error ?? result ?? answer.lastResult ?? 'done', ...(answer.issues ?? [])]
    say(lines.join('\\n'))
  } catch (error) {
    say('This failed: ' + error.message)
  }
  button.disabled = false
  button.focus()
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy)
  try {
    await navigator.clipboard.writeText(source.textContent)
    say('Copied.')
  } catch (error) {
    // Over plain HTTP from another machine there is no clipboard, https://w3c.github.io/clipboard-apis/#navigator-interface.
    getSelection().selectAllChildren(source)
    say('Selected: press Ctrl+C to copy.')
  }
}

document.addEventListener('click', event => {
  const button = event.target.closest('button[data-post], button[data-copy]')
  if (button !== null) return button.dataset.copy === undefined ? post(button) : copy(button)
  const link = event.target.closest('a[href]')
  if (token === undefined || link === null || event.ctrlKey || event.metaKey || event.shiftKey) return
  const url = new URL(link.href)
  const isHere = url.pathname === location.pathname && url.search === location.search
  if (url.origin !== location.origin || (isHere && url.hash !== '')) return
  event.preventDefault()
  show(url, true)
})
document.addEventListener('submit', event => {
  const field = document.getElementById('token')
  if (field === null && token === undefined) return
  event.preventDefault()
  if (field !== null) return signIn(field)
  const url = new URL(event.target.getAttribute('action'), location.href)
  url.search = new URLSearchParams(new FormData(event.target)).toString()
  show(url, true)
})
addEventListener('popstate', () => {
  if (token !== undefined) show(new URL(location.href), false)
})
start()
setTimeout(poll, 5000)
`

/**
 * The page's script: it fetches the page again every five seconds and takes over the parts that changed, so the server alone
 * makes HTML. What is open stays open, where the focus is nothing is replaced. Without it the page works all the same.
 */
export const pageScript = `'use strict'
const said = document.getElementById('said')
const polling = document.getElementById('polling')

function reveal(root) {
  for (const button of root.querySelectorAll('button[data-post]')) button.hidden = false
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
  const response = await fetch(location.pathname + location.search, { cache: 'no-store' })
  if (!response.ok) throw new Error('status ' + response.status)
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const wanted = Array.from(page.querySelectorAll('[data-refresh]'), section => section.id)
  const shown = Array.from(document.querySelectorAll('[data-refresh]'), section => section.id)
  if (wanted.join() !== shown.join()) return location.reload()
  for (const id of wanted) {
    const section = document.getElementById(id)
    if (!section.contains(document.activeElement)) takeOver(section, page.getElementById(id))
  }
}

let lost = false
async function poll() {
  try {
    if (polling.checked && document.visibilityState === 'visible') {
      await refresh()
      if (lost) said.textContent = ''
      lost = false
    }
  } catch (error) {
    if (!lost) said.textContent = 'The proxy does not answer: what is shown is old.'
    lost = true
  }
  setTimeout(poll, 5000)
}

async function post(button) {
  button.disabled = true
  said.textContent = 'Working …'
  try {
    const response = await fetch(button.dataset.post, { method: 'POST', headers: { 'content-type': 'application/json' } })
    const answer = await response.json()
    const lines = [answer.error ?? answer.result ?? answer.lastResult ?? 'done', ...(answer.issues ?? [])]
    said.textContent = lines.join('\\n')
  } catch (error) {
    said.textContent = 'This failed: ' + error.message
  }
  button.disabled = false
  button.focus()
}

document.addEventListener('click', event => {
  const button = event.target.closest('button[data-post]')
  if (button !== null) post(button)
})
document.getElementById('actions').hidden = false
reveal(document)
setTimeout(poll, 5000)
`

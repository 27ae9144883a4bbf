// Makes the page's requests and shows what the browser lets it see. Text goes in as text, never as markup.

/** An element with text and children. */
function element(name, ...children) {
  const made = document.createElement(name)
  made.append(...children)
  return made
}

function classed(made, name) {
  made.className = name
  return made
}

/** What of an answer the script may read: all of it, or nothing but that it failed. */
async function read(url) {
  try {
    const response = await fetch(url, { cache: 'no-store' })
    return { response, body: await response.blob() }
  } catch (error) {
    return { error }
  }
}

/** The picture, or the text, and the one field beside the safelisted ones that the rule exposes. */
async function describeBody(response, body) {
  const etag = response.headers.get('ETag')
  const exposed = classed(element('p', 'ETag, exposed by the rule: ', element('code', etag ?? 'hidden')), 'quiet')
  if (!body.type.startsWith('image/')) return [element('pre', await body.text()), exposed]
  const picture = element('img')
  picture.alt = 'The picture: a gate, and a bucket behind it'
  picture.width = 320
  picture.height = 120
  picture.src = URL.createObjectURL(body)
  picture.onload = () => URL.revokeObjectURL(picture.src)
  return [picture, exposed]
}

/** What the browser lets the script see. */
async function showOutcome(section, { response, body, error }, explanation) {
  const outcome = section.querySelector('[data-outcome]')
  const content = section.querySelector('[data-content]')
  if (error === undefined) {
    section.dataset.result = 'allowed'
    outcome.textContent = `Allowed: ${response.status} ${response.headers.get('Content-Type')}`
    content.replaceChildren(...(await describeBody(response, body)))
    return
  }
  section.dataset.result = 'refused'
  outcome.textContent = `Refused by the browser: ${error.name}: ${error.message}`
  // A script is told the same when no server answers at all; only the proxy knows the difference.
  const denied = explanation?.allowed === false
  const hidden = 'The answer has no Access-Control-Allow-Origin, so the browser hides it, its status included.'
  content.replaceChildren(element('p', denied ? hidden : 'No rule refuses this: is the proxy still running?'))
}

/** One line for each rule that was asked. */
function describeRule({ index, id, failed, lists }) {
  const name = id === undefined ? `Rule ${index + 1}` : `Rule ${index + 1} (${id})`
  if (failed === undefined) return element('li', `${name} matches.`)
  return element('li', `${name} does not match the ${failed}; it lists `, element('code', lists.join(', ')), '.')
}

function describeChange({ where, how, yaml, risks }) {
  const title = element('h3', 'The smallest change that would allow it')
  const lines = [
    title,
    element('p', `${where.charAt(0).toUpperCase()}${where.slice(1)}: ${how}.`),
    element('pre', yaml),
  ]
  return [...lines, ...risks.map(({ message }) => classed(element('p', `Risk: ${message}.`), 'risk'))]
}

function showWhy(section, { summary, rules, change }) {
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
  const changes = change === undefined ? [] : describeChange(change)
  const why = section.querySelector('[data-why]')
  why.replaceChildren(element('p', sentence), element('ul', ...rules.map(describeRule)), ...changes)
}

/** From the page's own server, which asks the admin port; that answers no page of another origin. */
async function readExplanation(section) {
  const { response, body, error } = await read(`/explanation?of=${section.dataset.request}`)
  if (error === undefined && response.ok) return JSON.parse(await body.text())
  const detail = error === undefined ? await body.text() : error.message
  section.querySelector('[data-why]').replaceChildren(element('p', `The explanation is not to be had: ${detail}`))
  return undefined
}

async function ask(section) {
  const [result, explanation] = await Promise.all([read(section.dataset.url), readExplanation(section)])
  if (explanation !== undefined) showWhy(section, explanation)
  await showOutcome(section, result, explanation)
}

async function showDirect(place) {
  const { response, error } = await read(place.dataset.direct)
  place.textContent =
    error === undefined
      ? `Allowed: ${response.status}. The endpoint itself lets every site read every bucket.`
      : `Refused by the browser: ${error.message}`
  place.className = error === undefined ? 'risk' : ''
}

async function askAll() {
  for (const section of document.querySelectorAll('[data-request]')) await ask(section)
  for (const place of document.querySelectorAll('[data-direct]')) await showDirect(place)
}

for (const place of document.querySelectorAll('[data-origin]')) place.textContent = location.origin
const again = document.querySelector('[data-again]')
again.addEventListener('click', async () => {
  again.disabled = true
  await askAll()
  again.disabled = false
  again.focus()
})
askAll()

// The pages of the demo, as strings. They contain nothing from a request.
import { attacks } from './attacks.js'

function page (title, body) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; --line: #8886; --moved: #b3261e; --kept: #1b6e3c }
  @media (prefers-color-scheme: dark) { :root { --moved: #ff8a80; --kept: #7bd89a } }
  * { box-sizing: border-box }
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: .5rem .75rem }
  p { margin: 0 0 .75rem }
  button { font: inherit; padding: .4rem .8rem; cursor: pointer }
</style>
${body}
`
}

const transferForm = (action, label) => `
<form method="post" action="${action}">
  <input type="hidden" name="amount" value="100">
  <button>${label}</button>
</form>`

export function accountPage ({ isProtected, balance }) {
  return page(`The bank ${isProtected ? 'with' : 'without'} the plugin`, `<style>
  body { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem }
  button { padding-inline: .6rem; white-space: nowrap }
  #balance { font-size: 1.5rem; line-height: 1.25; color: var(--${balance < 1000 ? 'moved' : 'kept'}) }
</style>
<strong id="balance">${balance} €</strong>
${transferForm('/transfer', 'Send 100 €')}`)
}

/** @param {{ message: string, reloads: boolean }} refusal */
export function refusalPage ({ message, reloads }) {
  return page('Refused', `<p>${message}</p><p>No money has moved. <a href="/">Back to the account</a></p>${reloads
    ? '<script>if (performance.getEntriesByType("navigation")[0].type !== "reload") setTimeout(() => location.reload(), 50)</script>'
    : ''}`)
}

/** The page on another site, which attacks as soon as it is loaded. */
export function attackPage (target) {
  return page('A prize draw', `${transferForm(target, 'Take part')}<script>document.forms[0].submit()</script>`)
}

/** The page under a name that points to the bank by now. */
export function reboundPage (target) {
  return page('A prize draw', `<script>fetch('${target}', { method: 'POST', body: new URLSearchParams({ amount: '100' }) })</script>`)
}

/** The page that a visitor opens: both banks, the classic attack, and the others. */
export function stagePage (origins) {
  const [classic, ...others] = attacks
  return page('fastify-cross-origin-protection: the demo', `<style>
  html { scroll-padding-top: 10rem }
  body { max-width: 56rem; padding: 1rem }
  h1 { font-size: clamp(1.1rem, 5vw, 1.6rem); line-height: 1.25; margin: 0 0 .5rem }
  h2, h3 { font-size: 1rem; margin: 0 }
  small { display: block }
  small, .outcome p, .attack p { font-size: .875rem; margin: 0 }
  summary { cursor: pointer; font-weight: bold; padding: .75rem 0 }
  #classic { background: #b3261e; color: #fff; border: 0; border-radius: .5rem; padding: .75rem 1.25rem; font-weight: bold }
  .columns { display: grid; grid-template-columns: 1fr 1fr; column-gap: .75rem }
  .banks { position: sticky; top: 0; background: Canvas; padding: .5rem 0 }
  .banks section { border: 1px solid var(--line); border-radius: .5rem; overflow: hidden }
  .banks h2 { padding: .25rem .75rem; border-bottom: 1px solid var(--line); white-space: nowrap }
  .banks iframe { display: block; border: 0; width: 100%; height: 3.5rem }
  .attack, small { border-top: 1px solid var(--line); padding-top: .75rem }
  .attack { display: grid; grid-template-columns: 1fr auto; align-items: center; gap: .25rem .75rem }
  .attack p { grid-column: 1 / -1 }
  .outcome { padding: .25rem .75rem .5rem }
  .outcome code { font-size: .8125rem; white-space: nowrap }
  [data-state=moved] { color: var(--moved) }
  [data-state=kept] { color: var(--kept) }
  [aria-busy=true] button { opacity: .6 }
  :focus-visible { outline: 3px solid #3b82f6; outline-offset: 2px }
  @media (max-width: 32rem) {
    .banks iframe { height: 5.75rem }
    .banks h2 { font-size: .8125rem; padding-inline: .5rem }
  }
</style>
<main>
<h1>fastify-cross-origin-protection</h1>
<p>You are signed in to a bank by a cookie. The bank runs twice: without this Fastify plugin, and with it. <strong>Press the red
button:</strong> another site then posts a form to both banks, and your browser adds the cookie.</p>
<p><button id="classic" data-attack="${classic.name}">Attack both banks</button> <button id="again">Reset</button></p>
<div class="columns banks">
  <section><h2>Without the plugin</h2><iframe name="unprotected" title="The bank without the plugin" src="${origins.unprotected}"></iframe></section>
  <section><h2>With the plugin</h2><iframe name="protected" title="The bank with the plugin" src="${origins.protected}"></iframe></section>
</div>
${outcomes(classic)}
<details>
  <summary>Six more attacks, from a WebSocket to DNS rebinding</summary>
  <p><button id="all">Try them all</button></p>${others.map(attack => `
  <div class="attack">
    <h3>${attack.title}</h3>
    <button data-attack="${attack.name}" aria-label="Attack: ${attack.title}">Attack</button>
    <p>${attack.story}</p>
  </div>
  ${outcomes(attack)}`).join('')}
</details>
<small>The banks are on localhost, the other site is on 127.0.0.1. Each bank&rsquo;s own &ldquo;Send 100 €&rdquo; button works. A real
bank would not let this page frame it; these banks do, so that you can watch.</small>
</main>
<script id="play" type="application/json">${JSON.stringify({ origins })}</script>
<script src="/page.js"></script>`)
}

const outcomes = ({ name }) => `<div class="columns" id="${name}">
    <div class="outcome" data-at="unprotected" role="status" aria-label="Without the plugin"></div>
    <div class="outcome" data-at="protected" role="status" aria-label="With the plugin"></div>
  </div>`

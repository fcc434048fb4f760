// The pages of the demo, as strings. They contain nothing from a request.
import { attacks } from './attacks.js'

function page (title, body) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --moved: #b3261e; --kept: #1b6e3c }
  @media (prefers-color-scheme: dark) { :root { --moved: #ff8a80; --kept: #7bd89a } }
  * { box-sizing: border-box }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
  h1 { font-size: 1.5rem; margin: 0 0 .5rem }
  p { margin: 0 0 1rem }
  button { font: inherit; padding: .3rem .9rem; cursor: pointer }
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
  return page(`The bank ${isProtected ? 'with' : 'without'} the plugin`, `
<p>Your balance: <strong id="balance">${balance} €</strong></p>
${transferForm('/transfer', 'Send 100 €')}`)
}

export function refusalPage ({ message }) {
  return page('Refused', `<p>${message}</p><p>No money has moved. <a href="/">Back to the account</a></p>`)
}

/** The page on another site, which attacks as soon as it is loaded. */
export function attackPage (target) {
  return page('A prize draw', `${transferForm(target, 'Take part')}<script>document.forms[0].submit()</script>`)
}

/** The page that a visitor opens: both banks, and a row for each attack. */
export function stagePage (origins) {
  return page('fastify-cross-origin-protection: the demo', `<style>
  .banks { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; margin-bottom: 1.5rem }
  .banks section { border: 1px solid var(--line); border-radius: .5rem; overflow: hidden }
  .banks h2 { font-size: 1rem; margin: 0; padding: .5rem 1rem; border-bottom: 1px solid var(--line) }
  .banks iframe { display: block; border: 0; width: 100%; height: 7.5rem }
  table { width: 100%; border-collapse: collapse }
  th, td { text-align: left; vertical-align: top; padding: .6rem .75rem .6rem 0; border-top: 1px solid var(--line) }
  thead th { border: 0; padding-top: 0 }
  tbody th { font-weight: normal; width: 40% }
  tbody th p, td p { margin: 0; font-size: .875rem }
  tbody th button { margin-top: .4rem }
  td { width: 30% }
  [aria-busy=true] button { opacity: .5 }
  .moved { color: var(--moved) }
  .kept { color: var(--kept) }
  td code { font-size: .8125rem }
  @media (max-width: 40rem) {
    .banks iframe { height: 9rem }
    thead { display: none }
    tr { display: grid; grid-template-columns: 1fr 1fr; border-top: 1px solid var(--line); padding: .6rem 0 }
    th, td { border: 0; padding: .2rem .75rem .2rem 0; width: auto !important }
    tbody th { grid-column: 1 / -1 }
    td::before { content: attr(data-bank); display: block; font-size: .8125rem; opacity: .7 }
  }
</style>
<main>
<h1>One bank, twice</h1>
<p>You are signed in to both banks by a cookie. This page is an attacker&rsquo;s: fire its attacks, and see where your money
goes. Each bank&rsquo;s own button works. A real bank would refuse to be framed; this one allows it, so that you can watch.</p>
<div class="banks">
  <section><h2>Without the plugin</h2><iframe name="unprotected" title="The bank without the plugin" src="${origins.unprotected}"></iframe></section>
  <section><h2>With the plugin</h2><iframe name="protected" title="The bank with the plugin" src="${origins.protected}"></iframe></section>
</div>
<p><button id="all">Fire all</button> <button id="again">Start again</button></p>
<table>
  <thead><tr><th>Attack</th><th>Without the plugin</th><th>With the plugin</th></tr></thead>
  <tbody>${attacks.map(({ name, title, story }) => `
    <tr data-attack="${name}">
      <th scope="row"><strong>${title}</strong><p>${story}</p><button aria-label="Fire: ${title}">Fire</button></th>
      <td data-bank="without the plugin" data-at="unprotected" aria-live="polite">–</td>
      <td data-bank="with the plugin" data-at="protected" aria-live="polite">–</td>
    </tr>`).join('')}
  </tbody>
</table>
</main>
<script id="play" type="application/json">${JSON.stringify({ origins })}</script>
<script src="/page.js"></script>`)
}

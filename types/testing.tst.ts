// What must compile and what must not with the testing entry point of the built package, under its public name.
import Fastify from 'fastify'
import {
  browserRequest, type BrowserEngine, type BrowserRequest, type BrowserRequestInitiator, type BrowserRequestOptions, type BrowserRequestVehicle
} from 'fastify-cross-origin-protection/testing'
import { expect, test } from 'tstyche'

test('what it takes', () => {
  expect(browserRequest).type.toBeCallableWith({ from: 'cross-site', by: 'form' })
  expect(browserRequest).type.toBeCallableWith({ from: 'same-site', by: 'websocket', engine: 'webkit', to: 'https://app.example', origin: 'https://a.app.example', referrerPolicy: 'no-referrer', headers: { cookie: 'session=1' } })
  expect(browserRequest).type.toBeCallableWith({ from: 'own-data-frame', by: 'image' })
  expect(browserRequest).type.toBeCallableWith({ from: 'data-frame', by: 'form-text' })
  expect(browserRequest).type.toBeCallableWith({ from: 'same-origin', by: 'form', crossSiteRedirect: 307 })
  expect(browserRequest).type.toBeCallableWith({ from: 'extension', by: 'fetch-get', origin: 'chrome-extension://abcdefghijklmnopabcdefghijklmnop' })
  expect(browserRequest).type.toBeCallableWith({ from: 'extension-without-permission', by: 'websocket' })
  expect(browserRequest).type.toBeCallableWith({ from: 'same-site', by: 'worker-fetch' })
  expect(browserRequest).type.toBeCallableWith({ from: 'cross-site', by: 'report-csp' })
  expect(browserRequest).type.toBeCallableWith({ from: 'cross-site', by: 'prefetch' })
  expect(browserRequest).type.not.toBeCallableWith({ from: 'same-origin', by: 'form', crossSiteRedirect: 303 })
  expect(browserRequest).type.not.toBeCallableWith({ from: 'cross-site' })
  expect(browserRequest).type.not.toBeCallableWith({ from: 'elsewhere', by: 'form' })
  expect(browserRequest).type.not.toBeCallableWith({ from: 'cross-site', by: 'carrier-pigeon' })
  expect<BrowserRequestOptions['from']>().type.toBe<BrowserRequestInitiator>()
  expect<BrowserRequestOptions['by']>().type.toBe<BrowserRequestVehicle>()
  expect<BrowserEngine>().type.toBe<'chromium' | 'firefox' | 'webkit'>()
})

test('what it gives is what inject takes', () => {
  expect(browserRequest({ from: 'cross-site', by: 'form' })).type.toBe<BrowserRequest>()
  expect(Fastify().inject).type.toBeCallableWith({ url: '/', ...browserRequest({ from: 'cross-site', by: 'form' }) })
})

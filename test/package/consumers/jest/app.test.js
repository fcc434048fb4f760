// As an application's own tests, in Jest's module system. Over a socket: Fastify's inject requires an ES module (cookie),
// which Jest can from Node 24.9 on.
const { test } = require('@jest/globals')
const Fastify = require('fastify')
const { crossOriginIsolation, crossOriginProtection, default: byDefault } = require('fastify-cross-origin-protection')
const { browserRequest } = require('fastify-cross-origin-protection/testing')
const { check } = require('../check.cjs')

test('both plugins refuse, pass and add headers', () => (
  check({ Fastify, plugins: { byDefault, crossOriginProtection }, isolation: crossOriginIsolation, browserRequest }, 'commonjs')
))

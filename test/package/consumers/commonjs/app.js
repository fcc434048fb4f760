const Fastify = require('fastify')
const wholeModule = require('fastify-cross-origin-protection')
const { browserRequest } = require('fastify-cross-origin-protection/testing')
const { check } = require('../check.cjs')

// Fastify takes a whole module too, and registers its default export.
const { crossOriginIsolation, crossOriginProtection, default: byDefault } = wholeModule
check({ Fastify, plugins: { byDefault, crossOriginProtection, wholeModule }, isolation: crossOriginIsolation, browserRequest }, 'commonjs')

import Fastify from 'fastify'
import byDefault, { crossOriginIsolation, crossOriginProtection } from 'fastify-cross-origin-protection'
import { browserRequest } from 'fastify-cross-origin-protection/testing'
import { check } from '../check.cjs'

await check({ Fastify, plugins: { byDefault, crossOriginProtection }, isolation: crossOriginIsolation, browserRequest }, 'esm')

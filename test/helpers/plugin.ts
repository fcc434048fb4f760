// What Fastify knows of a plugin, the same for both.
import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import type { Test } from 'tap'
import { emptyApp } from './app.ts'

/** A test that the plugin has its name and its versions of Fastify. */
export function hasNameAndVersions (t: Test, plugin: FastifyPluginCallback, name: string): void {
  t.test('the plugin has a name that others can depend on, and is for Fastify 5 and 6', async t => {
    const app = emptyApp(t)
    const dependent = fp(async () => {}, { dependencies: [name] })
    await t.rejects(async () => await app.register(dependent), { code: 'FST_ERR_PLUGIN_DEPENDENCY_NOT_REGISTERED' })
    const other = emptyApp(t)
    await other.register(plugin)
    await other.register(dependent)

    for (const version of ['4.29.1', '7.0.0']) {
      const app = emptyApp(t)
      Object.defineProperty(app, 'version', { value: version })
      await t.rejects(async () => await app.register(plugin), { code: 'FST_ERR_PLUGIN_VERSION_MISMATCH', message: name }, version)
    }
  })
}

import type { FastifyPluginCallback, fastify } from 'fastify'
import type { browserRequest } from 'fastify-cross-origin-protection/testing'

interface Loaded {
  Fastify: typeof fastify
  plugins: Record<string, FastifyPluginCallback>
  isolation: FastifyPluginCallback
  browserRequest: typeof browserRequest
}

export function check (loaded: Loaded, build: string | undefined): Promise<void>

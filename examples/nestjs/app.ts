// Nest's own app.enableCsrfProtection() reads the same two headers. This plugin adds what it lacks: per-route config, functions
// and wildcards for origins, WebSockets, GET routes, and a mode that only reports.
//
// It is registered before Nest gets the adapter. With app.register() it would come after Nest's middleware, which would then run
// for requests that are refused later, and could answer them.
import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { APP_FILTER, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { DeniedFilter } from './denied.filter.ts'
import { OrdersController } from './orders.controller.ts'
import { OrdersService } from './orders.service.ts'

@Module({
  controllers: [OrdersController],
  providers: [OrdersService, { provide: APP_FILTER, useClass: DeniedFilter }]
})
export class AppModule {}

export async function build (): Promise<NestFastifyApplication> {
  // Fastify's logger logs the denials. Nest leaves it off unless you turn it on.
  const adapter = new FastifyAdapter({ logger: true })
  await adapter.getInstance().register(crossOriginProtection)
  return NestFactory.create<NestFastifyApplication>(AppModule, adapter, { logger: ['warn', 'error'] })
}

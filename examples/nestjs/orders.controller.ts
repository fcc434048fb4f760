import { Controller, Get, Post } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyContextConfig } from 'fastify'
import { OrdersService } from './orders.service.ts'

// The decorator accepts anything. The type catches misspelt options.
const fromPartner: FastifyContextConfig = { crossOriginProtection: { allowedOrigins: ['https://partner.example'] } }

@Controller('orders')
export class OrdersController {
  constructor (private readonly orders: OrdersService) {}

  @Get()
  read (): { orders: number } {
    return { orders: this.orders.count() }
  }

  @Post()
  add (): { orders: number } {
    return { orders: this.orders.add() }
  }

  @Post('from-partner')
  @RouteConfig(fromPartner)
  addFromPartner (): { orders: number } {
    return { orders: this.orders.add() }
  }
}

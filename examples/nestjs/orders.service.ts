import { Injectable } from '@nestjs/common'

@Injectable()
export class OrdersService {
  private orders = 0

  count (): number {
    return this.orders
  }

  add (): number {
    return ++this.orders
  }
}

import { Controller, Get, Inject, Param, ParseIntPipe, Query } from '@nestjs/common';
import { OrdersClient, type Served } from './orders.client.js';

@Controller('orders')
export class GatewayController {
  constructor(@Inject(OrdersClient) private readonly orders: OrdersClient) {}

  @Get(':id/price')
  price(
    @Param('id') id: string,
    @Query('quantity', ParseIntPipe) quantity: number,
  ): Promise<Served & { total: number }> {
    return this.orders.price({ id, quantity });
  }
}

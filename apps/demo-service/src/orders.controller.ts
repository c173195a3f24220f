import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Inject, UseInterceptors, UsePipes } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { RedisStreamsContext } from 'nestjs-redis-streams';
import { interval, map, take, type Observable } from 'rxjs';
import { INSTANCE_NAME } from './instance-name.js';
import { JournalInterceptor } from './journal.interceptor.js';
import { OrderDto, OrderLineDto } from './order.dto.js';
import { validation } from './validation.js';

/** Every reply says which instance gave it, and to which call. */
export interface Served {
  instance: string;
  /** Undefined for an event, which has no caller that waits. */
  callId: string | undefined;
}

const unitPrice = 19.5;
const warehouseMs = { atLeast: 20, atMost: 40 };
const stations = ['packed', 'shipped', 'delivered'] as const;

@Controller()
@UsePipes(validation)
@UseInterceptors(JournalInterceptor)
export class OrdersController {
  constructor(@Inject(INSTANCE_NAME) private readonly instance: string) {}

  /** Does nothing: measures the way there and back. */
  @MessagePattern('orders.echo')
  echo(@Payload() order: OrderDto, @Ctx() context: RedisStreamsContext): Served & OrderDto {
    return { ...this.served(context), id: order.id };
  }

  /** Replies with one value. */
  @MessagePattern('orders.price')
  price(@Payload() line: OrderLineDto, @Ctx() context: RedisStreamsContext) {
    return { ...this.served(context), total: line.quantity * unitPrice };
  }

  /** Stands for slow input and output. Ends early when the caller has given up or its time is over. */
  @MessagePattern('orders.reserve')
  async reserve(@Payload() line: OrderLineDto, @Ctx() context: RedisStreamsContext) {
    const { atLeast, atMost } = warehouseMs;
    const duration = atLeast + Math.random() * (atMost - atLeast);
    await pause(duration, undefined, { signal: context.signal });
    return { ...this.served(context), reserved: line.quantity };
  }

  /** Replies with several values, one after another. */
  @MessagePattern('orders.track')
  track(
    @Payload() _order: OrderDto,
    @Ctx() context: RedisStreamsContext,
  ): Observable<Served & { station: string }> {
    return interval(5).pipe(
      take(stations.length),
      map((index) => ({ ...this.served(context), station: stations[index] ?? '' })),
    );
  }

  /** Throws an error that reaches the caller as it is. */
  @MessagePattern('orders.cancel')
  cancel(@Payload() order: OrderDto, @Ctx() context: RedisStreamsContext): never {
    throw new RpcException({
      ...this.served(context),
      status: 'error',
      code: 'ALREADY_SHIPPED',
      message: `Order ${order.id} has left the warehouse`,
    });
  }

  private served(context: RedisStreamsContext): Served {
    return { instance: this.instance, callId: context.getCallId() };
  }
}

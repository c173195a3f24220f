import { Controller, Inject, Logger, UsePipes } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { RedisStreamsContext } from 'nestjs-redis-streams';
import { Journal } from './journal.js';
import { OrderDto } from './order.dto.js';
import { validation } from './validation.js';

@Controller()
@UsePipes(validation)
export class OrderEventsController {
  private readonly logger = new Logger(OrderEventsController.name);

  constructor(@Inject(Journal) private readonly journal: Journal) {}

  /**
   * When this returns, the event is acknowledged. When it throws, the event is handled again later. The event
   * may come more than once, for example after the death of a process, so a repetition of real work must do no
   * harm.
   *
   * (`<string>`: without it Nest 12 types the decorator so that no typed context may follow.)
   */
  @EventPattern<string>('orders.placed')
  placed(@Payload() order: OrderDto, @Ctx() context: RedisStreamsContext): void {
    if (context.getDeliveryCount() > 1) this.logger.warn(`${order.id} was delivered again`);
    this.journal.record('handled', order.id);
  }
}

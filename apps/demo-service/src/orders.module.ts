import { Module, type DynamicModule } from '@nestjs/common';
import { INSTANCE_NAME } from './instance-name.js';
import { Journal } from './journal.js';
import { OrderEventsController } from './order-events.controller.js';
import { OrdersController } from './orders.controller.js';
import type { Settings } from './settings.js';

@Module({})
export class OrdersModule {
  static register({ name, journal, eventsOnly }: Settings): DynamicModule {
    return {
      module: OrdersModule,
      // One service answers a pattern; events go to every service that listens.
      controllers: eventsOnly ? [OrderEventsController] : [OrdersController, OrderEventsController],
      providers: [
        { provide: INSTANCE_NAME, useValue: name },
        { provide: Journal, useValue: new Journal(journal) },
      ],
    };
  }
}

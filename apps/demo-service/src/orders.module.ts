import { StockContract } from '#demo-contract';
import { Module, type DynamicModule } from '@nestjs/common';
import { ContractsModule } from 'nestjs-redis-streams/contracts';
import { INSTANCE_NAME } from './instance-name.js';
import { Journal } from './journal.js';
import { OrderEventsController } from './order-events.controller.js';
import { OrdersController } from './orders.controller.js';
import type { Settings } from './settings.js';
import { StockController } from './stock.controller.js';

@Module({})
export class OrdersModule {
  static register({ name, journal, eventsOnly }: Settings): DynamicModule {
    return {
      module: OrdersModule,
      // One service answers a pattern; events go to every service that listens.
      controllers: eventsOnly
        ? [OrderEventsController]
        : [OrdersController, OrderEventsController, StockController],
      // The application does not start if a method of the contract has no handler.
      imports: eventsOnly ? [] : [ContractsModule.forServer([StockContract])],
      providers: [
        { provide: INSTANCE_NAME, useValue: name },
        { provide: Journal, useValue: new Journal(journal) },
      ],
    };
  }
}

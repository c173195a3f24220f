import { setTimeout as pause } from 'node:timers/promises';
import { OutOfStock, StockContract, type StockLine, type Withdrawal } from '#demo-contract';
import { Controller, Inject } from '@nestjs/common';
import { type ContractHandlers, Implements } from 'nestjs-redis-streams/contracts';
import { INSTANCE_NAME } from './instance-name.js';

/** Enough of everything, for a demo that keeps nothing. */
const onShelf = 100;

@Controller()
@Implements(StockContract)
export class StockController implements ContractHandlers<StockContract> {
  constructor(@Inject(INSTANCE_NAME) private readonly instance: string) {}

  take({ quantity }: StockLine): Withdrawal {
    if (quantity > onShelf) throw new OutOfStock({ left: onShelf });
    return { instance: this.instance, left: onShelf - quantity, at: new Date() };
  }

  async *watch(_article: string, looks?: number): AsyncGenerator<number> {
    for (let look = 0; look < (looks ?? 0); look++) {
      await pause(5);
      yield onShelf - look;
    }
  }
}

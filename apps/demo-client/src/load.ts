import { Inject, Injectable, Logger } from '@nestjs/common';
import { RedisStreamsError } from 'nestjs-redis-streams';
import { OrdersClient, type Served } from './orders.client.js';
import { Tally } from './tally.js';

/** A shop's day: mostly slow reservations, some quick questions, now and then an event. */
@Injectable()
export class Load {
  readonly tally = new Tally();
  private readonly logger = new Logger(Load.name);
  /** When each call that is under way was sent, oldest first. */
  private readonly underWay = new Map<string, number>();

  constructor(@Inject(OrdersClient) private readonly orders: OrdersClient) {}

  /** Keeps this many calls under way for as long as `another` says that there is one more to make. */
  async run(concurrency: number, another: (sent: number) => boolean): Promise<void> {
    const worker = async () => {
      while (another(this.tally.sent)) await this.order(this.tally.sent++);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }

  /** The times at which the calls under way were sent. */
  waiting(): number[] {
    return [...this.underWay.values()];
  }

  private async order(number: number): Promise<void> {
    const id = `order-${number}`;
    const startedAt = performance.now();
    this.underWay.set(id, Date.now());
    try {
      const { instance } = await this.call(number, id);
      this.tally.answer(instance, performance.now() - startedAt);
    } catch (error) {
      if (error instanceof RedisStreamsError && error.code === 'TIMEOUT') this.tally.lost++;
      else this.tally.failed++;
      this.logger.error(`${id} was not answered`, error);
    } finally {
      this.underWay.delete(id);
    }
    if (number % 20 === 0) await this.announce(id);
  }

  // Streams of values are left to the tour: one that is cut off by the death of its instance fails
  // by design, since the caller has seen some of its values already.
  private call(number: number, id: string): Promise<Served> {
    if (number % 5 === 0) return this.orders.echo(id);
    if (number % 5 === 3) return this.orders.price({ id, quantity: 2 });
    return this.orders.reserve({ id, quantity: 1 });
  }

  private async announce(id: string): Promise<void> {
    this.tally.events++;
    try {
      await this.orders.placed(id);
    } catch (error) {
      this.logger.error(`${id} was not announced`, error);
    }
  }
}

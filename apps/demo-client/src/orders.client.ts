import { Inject, Injectable } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { RedisStreamsRecordBuilder } from 'nestjs-redis-streams';
import { firstValueFrom, toArray, type Observable } from 'rxjs';

/** Injects the connection to the orders service. */
export const ORDERS = Symbol('ORDERS');

export interface Served {
  instance: string;
  callId: string;
}

export interface OrderLine {
  id: string;
  quantity: number;
}

/** The orders service as its callers see it: patterns and payload types are known only here. */
@Injectable()
export class OrdersClient {
  constructor(@Inject(ORDERS) private readonly proxy: ClientProxy) {}

  echo(id: string): Promise<Served & { id: string }> {
    return firstValueFrom(this.proxy.send('orders.echo', { id }));
  }

  price(line: OrderLine): Promise<Served & { total: number }> {
    return firstValueFrom(this.proxy.send('orders.price', line));
  }

  /** With options of its own for this one call. */
  reserve(line: OrderLine, timeoutMs = 30_000): Promise<Served & { reserved: number }> {
    const record = new RedisStreamsRecordBuilder(line).setOptions({ timeout: timeoutMs }).build();
    return firstValueFrom(this.proxy.send('orders.reserve', record));
  }

  track(id: string): Promise<(Served & { station: string })[]> {
    const stations: Observable<Served & { station: string }> = this.proxy.send('orders.track', {
      id,
    });
    return firstValueFrom(stations.pipe(toArray()));
  }

  cancel(id: string): Promise<Served> {
    return firstValueFrom(this.proxy.send('orders.cancel', { id }));
  }

  /** Resolves when Redis has stored the event. The sender does not need to know which services handle it. */
  async placed(id: string): Promise<void> {
    await firstValueFrom(this.proxy.emit('orders.placed', { id }), { defaultValue: undefined });
  }
}

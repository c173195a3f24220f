import { StockContract } from '#demo-contract';
import { Inject, Injectable } from '@nestjs/common';
import { type ContractClient, InjectContract } from 'nestjs-redis-streams/contracts';
import { lastValueFrom, toArray } from 'rxjs';
import { OrdersClient } from './orders.client.js';

/** One of each kind of call, for the reader of the terminal. */
@Injectable()
export class Tour {
  constructor(
    @Inject(OrdersClient) private readonly orders: OrdersClient,
    @InjectContract(StockContract) private readonly stock: ContractClient<StockContract>,
  ) {}

  async *stops(): AsyncGenerator<string> {
    const { orders, stock } = this;
    yield await stop('a value', orders.price({ id: 'tour-1', quantity: 2 }));
    yield await stop('slow I/O', orders.reserve({ id: 'tour-2', quantity: 1 }));
    yield await stop('a stream of values', orders.track('tour-3'));
    yield await stop('an error', orders.cancel('tour-4'));
    yield await stop('an invalid payload', orders.price({ id: 'tour-5', quantity: -1 }));
    // The same through a contract: no patterns, and an invalid call is not even sent.
    yield await stop('a contract', stock.take({ article: 'tea', quantity: 2 }));
    yield await stop('its stream', lastValueFrom(stock.watch('tea').pipe(toArray())));
    yield await stop('its error', stock.take({ article: 'tea', quantity: 999 }));
    yield await stop('its validation', stock.take({ article: '', quantity: 2 }));
  }
}

function stop(kind: string, call: Promise<unknown>): Promise<string> {
  return call.then(
    (value) => `${kind}: answered ${JSON.stringify(value)}`,
    (error: unknown) => `${kind}: rejected ${JSON.stringify(error)}`,
  );
}

import { Controller } from '@nestjs/common';
import {
  Arg,
  Command,
  Contract,
  contractClient,
  ContractValidationError,
  Implements,
  remote,
  type ContractHandlers,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { z } from 'zod';
import { failure, serve } from './support.js';

const Order = z.object({
  id: z.string().min(1),
  lines: z.array(z.object({ sku: z.string(), count: z.number().int().positive() })),
  note: z.string().trim().optional(),
});
type Order = z.infer<typeof Order>;

@Contract({ name: 'zod-orders', version: '1.0.0' })
abstract class OrdersContract {
  @Command()
  total(@Arg(() => Order, { name: 'order' }) order: Order): Command<number> {
    return remote(order);
  }

  @Command()
  note(@Arg(() => Order, { name: 'order' }) order: Order): Command<string | undefined> {
    return remote(order);
  }
}

let calls = 0;

@Controller()
@Implements(OrdersContract)
class OrdersController implements ContractHandlers<OrdersContract> {
  total({ lines }: Order): number {
    calls++;
    return lines.reduce((sum, { count }) => sum + count, 0);
  }

  note({ note }: Order): string | undefined {
    return note;
  }
}

const order = {
  id: 'o-1',
  lines: [
    { sku: 'a', count: 2 },
    { sku: 'b', count: 3 },
  ],
};

describe.each(['redis-streams', 'tcp'] as const)('schemas of zod over %s', (transport) => {
  it('check and transform what travels', async () => {
    const { proxy } = await serve({ controllers: [OrdersController] }, transport);
    const orders = contractClient(OrdersContract, proxy);
    expect(await orders.total(order)).toBe(5);
    expect(await orders.note({ ...order, note: '  soon ' })).toBe('soon');
  });

  it('refuse a bad value before it is sent, by its path', async () => {
    const { proxy } = await serve({ controllers: [OrdersController] }, transport);
    const orders = contractClient(OrdersContract, proxy);
    const before = calls;
    const bad = { ...order, lines: [{ sku: 'a', count: -1 }] };
    const error = await failure(orders.total(bad));
    expect(error).toBeInstanceOf(ContractValidationError);
    expect((error as ContractValidationError).details).toMatchObject([
      {
        property: 'order.lines[0].count',
        constraints: { schema: expect.stringContaining('Too small') },
      },
    ]);
    expect(calls).toBe(before);
  });
});

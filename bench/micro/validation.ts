// What a contract's validation costs beside Nest's own `ValidationPipe`, on the same handler and DTO.
//   npm run bench:validation
// Both through Nest's whole pipeline for messages, without a transport: CPU time per call, rounds in turns.
import 'reflect-metadata';
import { Controller, Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, Server } from '@nestjs/microservices';
import { IsBoolean, IsEmail, IsInt, IsString, Length, Max, Min } from 'class-validator';
import { Command, Contract, Implements, remote } from 'nestjs-redis-streams/contracts';
import { isObservable, lastValueFrom } from 'rxjs';

const ROUNDS = 9;
const CALLS = 15_000;

class OrderDto {
  declare readonly quantity: number;

  static rules(dto: typeof OrderDto) {
    const to = dto.prototype;
    IsString()(to, 'id');
    Length(1, 64)(to, 'id');
    IsEmail()(to, 'customer');
    IsInt()(to, 'quantity');
    Min(1)(to, 'quantity');
    Max(1000)(to, 'quantity');
    IsBoolean()(to, 'paid');
    IsString()(to, 'note');
  }
}
OrderDto.rules(OrderDto);
const order = { id: 'o-1', customer: 'ada@example.com', quantity: 3, paid: true, note: 'none' };

/** Decorates as the compiler would. */
function method(
  type: { readonly prototype: object },
  key: string,
  ...decorators: ((target: object, key: string, descriptor: PropertyDescriptor) => void)[]
): void {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, key) as PropertyDescriptor;
  Reflect.defineMetadata('design:paramtypes', [OrderDto], type.prototype, key);
  for (const decorate of decorators) decorate(type.prototype, key, descriptor);
}

class OrdersContract {
  contract(dto: OrderDto) {
    return remote(dto);
  }
}
method(OrdersContract, 'contract', Command());
Contract({ name: 'orders', version: '1.0.0' })(OrdersContract);

let made = 0;
class OrdersController {
  contract(dto: OrderDto) {
    if (dto instanceof OrderDto) made++;
    return dto.quantity;
  }

  pipe(dto: OrderDto) {
    if (dto instanceof OrderDto) made++;
    return dto.quantity;
  }
}
Payload(new ValidationPipe({ transform: true }))(OrdersController.prototype, 'pipe', 0);
method(OrdersController, 'pipe', MessagePattern('orders.pipe'));
Controller()(OrdersController);
Implements(OrdersContract)(OrdersController);

class OrdersModule {}
Module({ controllers: [OrdersController] })(OrdersModule);

/** Keeps the handlers as Nest hands them to a transport. */
class Handlers extends Server {
  listen(callback: () => void) {
    callback();
  }
  close() {}
  on() {}
  unwrap<T>(): T {
    return undefined as T;
  }
}

const strategy = new Handlers();
const app = await NestFactory.createMicroservice(OrdersModule, { strategy, logger: ['error'] });
await app.listen();

const ways: [name: string, data: unknown][] = [
  ['pipe', order],
  ['contract', [order]],
];

/** Microseconds of CPU per call. */
async function cost(name: string, data: unknown) {
  const handler = strategy.getHandlerByPattern(`orders.${name}`);
  if (handler === null) throw new Error(`nobody handles ${name}`);
  const [text, before] = [JSON.stringify(data), made];
  const start = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) {
    const result = await handler(JSON.parse(text), {});
    const value = isObservable(result) ? await lastValueFrom(result) : result;
    if (value !== order.quantity) throw new Error(`${name} answered ${String(value)}`);
  }
  const { user, system } = process.cpuUsage(start);
  if (made - before !== CALLS) throw new Error(`${name} made no instances`);
  return (user + system) / CALLS;
}

const median = (numbers: number[]) =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

for (const [name, data] of ways) await cost(name, data);
const costs: Record<string, number[]> = { pipe: [], contract: [] };
const ratios: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  // Who goes first changes from round to round.
  const turn = round % 2 === 0 ? ways : ways.toReversed();
  for (const [name, data] of turn) costs[name]?.push(await cost(name, data));
  ratios.push((costs['contract']?.at(-1) ?? 0) / (costs['pipe']?.at(-1) ?? 0));
}
for (const [name, all] of Object.entries(costs))
  console.log(`${name.padEnd(9)} ${median(all).toFixed(2)} us of CPU per call`);
const spread = `${Math.min(...ratios).toFixed(3)} – ${Math.max(...ratios).toFixed(3)}`;
console.log(
  `contract / ValidationPipe: ${median(ratios).toFixed(3)} (${spread}, ${ROUNDS} rounds)`,
);
await app.close();

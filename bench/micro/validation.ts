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
  /** @param {typeof OrderDto} dto */
  static rules(dto) {
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

/** Decorates as the compiler would. @param {any} type @param {string} key @param {any[]} decorators */
function method(type, key, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, key);
  Reflect.defineMetadata('design:paramtypes', [OrderDto], type.prototype, key);
  for (const decorate of decorators) decorate(type.prototype, key, descriptor);
}

class OrdersContract {
  /** @param {OrderDto} dto */
  contract(dto) {
    return remote(dto);
  }
}
method(OrdersContract, 'contract', Command());
Contract({ name: 'orders', version: '1.0.0' })(/** @type {any} */ (OrdersContract));

let made = 0;
class OrdersController {
  /** @param {OrderDto} dto */
  contract(dto) {
    if (dto instanceof OrderDto) made++;
    return dto.quantity;
  }

  /** @param {OrderDto} dto */
  pipe(dto) {
    if (dto instanceof OrderDto) made++;
    return dto.quantity;
  }
}
Payload(new ValidationPipe({ transform: true }))(OrdersController.prototype, 'pipe', 0);
method(OrdersController, 'pipe', MessagePattern('orders.pipe'));
Controller()(OrdersController);
Implements(/** @type {any} */ (OrdersContract))(/** @type {any} */ (OrdersController));

class OrdersModule {}
Module({ controllers: [OrdersController] })(OrdersModule);

/** Keeps the handlers as Nest hands them to a transport. */
class Handlers extends Server {
  /** @param {() => void} callback */
  listen(callback) {
    callback();
  }
  close() {}
  on() {}
  unwrap() {
    return /** @type {any} */ (undefined);
  }
}

const strategy = new Handlers();
const app = await NestFactory.createMicroservice(OrdersModule, { strategy, logger: ['error'] });
await app.listen();

/** @type {[name: string, data: unknown][]} */
const ways = [
  ['pipe', order],
  ['contract', [order]],
];

/** Microseconds of CPU per call. @param {string} name @param {unknown} data */
async function cost(name, data) {
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

/** @param {number[]} numbers */
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

for (const [name, data] of ways) await cost(name, data);
/** @type {Record<string, number[]>} */
const costs = { pipe: [], contract: [] };
/** @type {number[]} */
const ratios = [];
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

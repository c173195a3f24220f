// What all Nest peers share: the same controller in the same pipeline, and the same way to call.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { loadPackage } from '@nestjs/common/internal';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  type MicroserviceOptions,
  type ClientOptions,
  type ClientProxy,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { Caller } from './index.js';
import type { Handlers } from '../harness/handlers.js';

/** Nest would look for a driver in the workspace, but it is installed here. */
export async function provide(name: string) {
  await loadPackage(name, 'bench', () => import(name));
}

/** @param echoed the patterns that echo */
export async function serveNest(
  options: MicroserviceOptions,
  handlers: Handlers,
  echoed: string[] = ['echo'],
) {
  const app = await NestFactory.createMicroservice(moduleOf(handlers, echoed), {
    logger: ['fatal', 'error'],
    ...options,
  });
  await app.listen();
  return { close: () => app.close() };
}

export async function connectNest(options: ClientOptions) {
  const client = ClientProxyFactory.create(options);
  await client.connect();
  return callerOf(client);
}

const nothing = { defaultValue: undefined };

export type Client = Pick<ClientProxy, 'send' | 'emit' | 'close'>;

export function callerOf(client: Client): Caller {
  return {
    send: (pattern, data) => firstValueFrom(client.send(pattern, data)),
    emit: (pattern, data) => firstValueFrom(client.emit(pattern, data), nothing),
    close: async () => client.close(),
  };
}

function moduleOf(handlers: Handlers, echoed: string[]) {
  class BenchController {
    echo(data: unknown) {
      return handlers.echo(data);
    }
    io(data: unknown) {
      return handlers.io(data);
    }
    hold() {
      return handlers.hold();
    }
    seen() {
      handlers.seen();
    }
  }
  // Decorators without their syntax: which patterns echo is known only here.
  type Decorate = (target: object, key: string, descriptor: PropertyDescriptor) => void;
  const methods: [keyof BenchController, Decorate][] = [
    ['echo', MessagePattern(echoed)],
    ['io', MessagePattern('io')],
    ['hold', MessagePattern('hold')],
    ['seen', EventPattern('seen')],
  ];
  for (const [name, decorate] of methods) {
    const { prototype } = BenchController;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    Payload()(BenchController.prototype, name, 0);
    decorate(BenchController.prototype, name, descriptor);
  }
  Controller()(BenchController);
  const BenchModule = class {};
  Module({ controllers: [BenchController] })(BenchModule);
  return BenchModule;
}

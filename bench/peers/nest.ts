// What all Nest peers share: the same controller in the same pipeline, and the same way to call.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { loadPackage } from '@nestjs/common/internal';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';

/** @typedef {import('../harness/handlers.mjs').Handlers} Handlers */

/** Nest would look for a driver in the workspace, but it is installed here. @param {string} name */
export async function provide(name) {
  await loadPackage(name, 'bench', () => import(name));
}

/**
 * @param {import('@nestjs/microservices').MicroserviceOptions} options
 * @param {Handlers} handlers
 * @param {string[]} [echoed] the patterns that echo
 */
export async function serveNest(options, handlers, echoed = ['echo']) {
  const app = await NestFactory.createMicroservice(moduleOf(handlers, echoed), {
    logger: ['fatal', 'error'],
    ...options,
  });
  await app.listen();
  return { close: () => app.close() };
}

/** @param {import('@nestjs/microservices').ClientOptions} options */
export async function connectNest(options) {
  const client = ClientProxyFactory.create(options);
  await client.connect();
  return callerOf(client);
}

const nothing = { defaultValue: undefined };

/** @typedef {Pick<import('@nestjs/microservices').ClientProxy, 'send' | 'emit' | 'close'>} Client */

/** @param {Client} client @returns {import('./index.mjs').Caller} */
export function callerOf(client) {
  return {
    send: (pattern, data) => firstValueFrom(client.send(pattern, data)),
    emit: (pattern, data) => firstValueFrom(client.emit(pattern, data), nothing),
    close: async () => client.close(),
  };
}

/** @param {Handlers} handlers @param {string[]} echoed */
function moduleOf(handlers, echoed) {
  class BenchController {
    /** @param {unknown} data */
    echo(data) {
      return handlers.echo(data);
    }
    /** @param {unknown} data */
    io(data) {
      return handlers.io(data);
    }
    hold() {
      return handlers.hold();
    }
    seen() {
      handlers.seen();
    }
  }
  // Decorators without their syntax: these are plain JavaScript files.
  /** @type {[keyof BenchController, (...target: any) => void][]} */
  const methods = [
    ['echo', MessagePattern(echoed)],
    ['io', MessagePattern('io')],
    ['hold', MessagePattern('hold')],
    ['seen', EventPattern('seen')],
  ];
  for (const [name, decorate] of methods) {
    const descriptor = Object.getOwnPropertyDescriptor(BenchController.prototype, name);
    Payload()(BenchController.prototype, name, 0);
    decorate(BenchController.prototype, name, descriptor);
  }
  Controller()(BenchController);
  const BenchModule = class {};
  Module({ controllers: [BenchController] })(BenchModule);
  return BenchModule;
}

import { Module } from '@nestjs/common';
import { ContextIdFactory, type ContextIdStrategy } from '@nestjs/core';
import type { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../../tools/wait.js';
import { Journal } from '../fixture/journal.js';
import {
  Births,
  RequestFacts,
  RequestScopedController,
  TenantController,
  TenantFacts,
  TenantStrategy,
} from '../fixture/scopes.controller.js';
import { completed, failed, internalError, outcomeOf } from '../outcome.js';
import { Space, type TransportUnderTest } from '../transports.js';

@Module({
  controllers: [RequestScopedController],
  providers: [Journal, Births, RequestFacts],
})
class RequestScopedModule {}

@Module({ controllers: [TenantController], providers: [Births, TenantFacts] })
class TenantModule {}

export function scopesCases(transport: TransportUnderTest): void {
  describe('N8 request-scoped controllers', () => {
    let space: Space;
    let client: ClientProxy;
    let journal: Journal;

    beforeAll(async () => {
      space = await Space.open(transport);
      const app = await space.serve(RequestScopedModule);
      journal = app.get(Journal);
      client = await space.connected();
    });
    afterAll(() => space.close());

    test('N8.30 each request gets its own instance', async () => {
      const calls = [1, 2, 3].map(() => firstValueFrom(client.send<number>('scopes.serial', {})));
      expect(new Set(await Promise.all(calls)).size).toBe(3);
    });

    test('N8.31 CONTEXT and REQUEST give pattern, data and context of the message', async () => {
      const outcome = await outcomeOf(client.send({ cmd: 'scopes.request' }, { a: 1 }));
      expect(outcome).toEqual(
        completed({
          same: true,
          pattern: { cmd: 'scopes.request' },
          data: { a: 1 },
          hasTransportContext: true,
        }),
      );
    });

    test('N8.32 errors are those of a static controller', async () => {
      const outcome = await outcomeOf(client.send('scopes.throw', {}));
      expect(outcome).toEqual(failed(internalError));
    });

    test('N8.33 every request-scoped handler of an event runs', async () => {
      client.emit('scopes.event', 'x');
      await eventually(() => expect(journal.lines).toHaveLength(2));
      expect(journal.lines.toSorted()).toEqual(['first x x', 'second x']);
    });
  });

  describe('N8 durable providers', () => {
    let space: Space;
    let client: ClientProxy;

    beforeAll(async () => {
      ContextIdFactory.apply(new TenantStrategy());
      space = await Space.open(transport);
      await space.serve(TenantModule);
      client = await space.connected();
    });
    afterAll(async () => {
      // The factory is a global of Nest; "none" is how it starts, though its type does not say so.
      ContextIdFactory.apply(undefined as unknown as ContextIdStrategy);
      await space.close();
    });

    test('N8.34 one instance for each tenant, kept between messages', async () => {
      const ask = (tenant: string) => firstValueFrom(client.send('scopes.tenant', { tenant }));
      expect(await ask('a')).toEqual(['a', 1]);
      expect(await ask('b')).toEqual(['b', 2]);
      expect(await ask('a')).toEqual(['a', 1]);
    });
  });
}

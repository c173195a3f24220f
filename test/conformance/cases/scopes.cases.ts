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
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({
  controllers: [RequestScopedController],
  providers: [Journal, Births, RequestFacts],
})
class RequestScopedModule {}

@Module({ controllers: [TenantController], providers: [Births, TenantFacts] })
class TenantModule {}

export function scopesCases(transport: TransportUnderTest): void {
  describe('N8 request-scoped controllers', () => {
    let service: ComparedService;
    let client: ClientProxy;
    let journal: Journal;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      const app = await service.serve(RequestScopedModule);
      journal = app.get(Journal);
      client = await service.connected();
    });
    afterAll(() => service.close());

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
    let service: ComparedService;
    let client: ClientProxy;

    beforeAll(async () => {
      ContextIdFactory.apply(new TenantStrategy());
      service = await ComparedService.open(transport);
      await service.serve(TenantModule);
      client = await service.connected();
    });
    afterAll(async () => {
      // The factory is a global of Nest; "none" is how it starts, though its type does not say so.
      ContextIdFactory.apply(undefined as unknown as ContextIdStrategy);
      await service.close();
    });

    test('N8.34 one instance for each tenant, kept between messages', async () => {
      const ask = (tenant: string) => firstValueFrom(client.send('scopes.tenant', { tenant }));
      expect(await ask('a')).toEqual(['a', 1]);
      expect(await ask('b')).toEqual(['b', 2]);
      expect(await ask('a')).toEqual(['a', 1]);
    });
  });
}

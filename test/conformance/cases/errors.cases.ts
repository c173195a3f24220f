import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { ErrorsController, richError, type Thrown } from '../fixture/errors.controller.js';
import { completed, failed, internalError, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [ErrorsController] })
class ErrorsModule {}

/** What the caller receives for each thing thrown: Nest's default filter decides, not the transport. */
const received: Record<Thrown, unknown> = {
  'rpc-string': { status: 'error', message: 'no such cat' },
  'rpc-empty-string': { status: 'error', message: '' },
  'rpc-object': richError,
  'rpc-array': [1, 'two'],
  // An Error has no enumerable members, so JSON leaves nothing of it.
  'rpc-of-error': {},
  'rpc-subclass': { code: 'E_SUBCLASS' },
  error: internalError,
  'http-exception': internalError,
  string: internalError,
  number: internalError,
  undefined: internalError,
  null: internalError,
  object: internalError,
};

const ways = [
  ['thrown', 'errors.throw'],
  ['rejected', 'errors.reject'],
  ['errored Observable', 'errors.stream'],
  ['Promise of an errored Observable', 'errors.promise-of-stream'],
] as const;

export function errorsCases(transport: TransportUnderTest): void {
  describe('N1 M6 A6 errors', () => {
    let service: ComparedService;
    let client: ClientProxy;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      await service.serve(ErrorsModule);
      client = await service.connected();
    });
    afterAll(() => service.close());

    describe.each(ways)('%s', (way, pattern) => {
      test.each(Object.keys(received) as Thrown[])(`N1.20 ${way}: %s`, async (what) => {
        expect(await outcomeOf(client.send(pattern, what))).toEqual(failed(received[what]));
      });
    });

    test('N1.21 a failing call does not disturb its neighbours', async () => {
      const outcomes = await Promise.all([
        outcomeOf(client.send('errors.none', {})),
        outcomeOf(client.send('errors.throw', 'error')),
        outcomeOf(client.send('errors.none', {})),
      ]);
      expect(outcomes).toEqual([completed('alive'), failed(internalError), completed('alive')]);
    });
  });
}

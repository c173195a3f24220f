import { Module, type INestMicroservice } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { EmptyError, firstValueFrom } from 'rxjs';
import { differs } from '../differences.js';
import { FormsController } from '../fixture/forms.controller.js';
import { completed, failed, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [FormsController] })
class FormsModule {}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export function formsCases(transport: TransportUnderTest): void {
  describe('N1 forms of an answer', () => {
    let service: ComparedService;
    let client: ClientProxy;
    let app: INestMicroservice;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      app = await service.serve(FormsModule);
      client = await service.connected();
    });
    afterAll(() => service.close());

    const cases: [id: string, pattern: string, data: unknown, values: unknown[]][] = [
      ['N1.1 a value', 'forms.value', 1, [2]],
      ['N1.2 a Promise', 'forms.promise', 1, [2]],
      ['N1.3 an Observable of many values, in order, once each', 'forms.many', 200, upTo(200)],
      ['N1.4 an Observable over time', 'forms.slow-many', 20, upTo(20)],
      ['N1.5 a Promise of an Observable', 'forms.promise-of-many', 3, ['v0', 'v1', 'v2']],
      ['N1.6 an array is one value', 'forms.array', 3, [[0, 1, 2]]],
      ['N1.7 null', 'forms.null', {}, [null]],
      ['N1.8 undefined completes without a value', 'forms.undefined', {}, []],
      ['N1.9 an empty Observable', 'forms.empty', {}, []],
      ['N1.10 an Observable of one value', 'forms.many', 1, [0]],
      [
        // The last one joins the end of the reply, where undefined means "no value".
        'N1.11 undefined and null among values',
        'forms.nullish-values',
        {},
        [1, undefined, null, 2],
      ],
    ];
    test.each(cases)('%s', async (_id, pattern, data, values) => {
      expect(await outcomeOf(client.send(pattern, data))).toEqual(completed(...values));
    });

    test('N1.12 values, then an error', async () => {
      expect(await outcomeOf(client.send('forms.values-then-error', {}))).toEqual(
        failed({ code: 'E_LATE', after: 2 }, 1, 2),
      );
    });

    test('N1.13 firstValueFrom of an answer without a value is an EmptyError', async () => {
      await expect(firstValueFrom(client.send('forms.undefined', {}))).rejects.toThrow(EmptyError);
    });

    const iterated = differs('asyncIterable', transport.name, {
      'nest-redis': [{}],
      'nest-tcp': [{}],
      'redis-streams': [0, 1, 2],
    });
    test('N1.14 E10 an async iterable', async () => {
      expect(await outcomeOf(client.send('forms.async-iterable', 3))).toEqual(
        completed(...iterated),
      );
    });

    test('N1.15 E7 many calls in flight: each gets its own answer', async () => {
      const answers = await Promise.all(
        upTo(300).map((n) => firstValueFrom(client.send<number>('forms.value', n))),
      );
      expect(answers).toEqual(upTo(300).map((n) => n + 1));
    });

    test('N1.16 a second caller gets its own answers', async () => {
      const other = await service.connected();
      const both = await Promise.all([
        outcomeOf(client.send('forms.slow-many', 3)),
        outcomeOf(other.send('forms.slow-many', 2)),
      ]);
      expect(both).toEqual([completed(0, 1, 2), completed(0, 1)]);
    });

    test('N1.17 the service lists its patterns', () => {
      const handlers = app.getTransportServer() as unknown as {
        getHandlers(): Map<string, unknown>;
      };
      expect([...handlers.getHandlers().keys()]).toContain('forms.many');
    });
  });
}

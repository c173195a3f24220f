import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { FormsController } from '../fixture/forms.controller.js';
import { completed, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [FormsController] })
class PayloadsModule {}

const large = 'ü🐈x'.repeat(50_000);

/** What is sent, and what the handler sees and answers: JSON's view of it. */
const payloads: [name: string, sent: unknown, seen?: unknown][] = [
  ['an integer', 42],
  ['a fraction', -0.125],
  ['a large number', Number.MAX_SAFE_INTEGER],
  ['zero', 0],
  ['a text', 'text'],
  ['an empty string', ''],
  ['false', false],
  ['true', true],
  ['a text that is JSON', '{"a":1}'],
  ['the text null', 'null'],
  ['a text that quotes a hostile key', '{"__proto__":{"admin":true}}'],
  ['an empty array', []],
  ['an array', [1, 'two', [3, null], { four: 4 }]],
  ['an empty object', {}],
  ['a nested object', { a: { b: { c: [{ d: 'e' }] } }, n: null }],
  ['unicode', 'héllo 🐈 \u2028 \u0000 \ud83d'],
  ['line ends', 'a\r\nb\n\nc'],
  ['200 kB and more of text', large],
  ['10,000 numbers', Array.from({ length: 10_000 }, (_, i) => i)],
  ['undefined members are left out', { a: undefined, b: 1 }, { b: 1 }],
  ['undefined in an array is null', [1, undefined, 2], [1, null, 2]],
  ['NaN is null', Number.NaN, null],
  ['a Date is its text', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['toJSON is used', { toJSON: () => 'mine' }, 'mine'],
  ['a Map is empty', new Map([[1, 2]]), {}],
  ['data that looks like a request', { pattern: 'forms.value', data: 1, id: 'x' }],
  ['data that looks like a reply', { response: 1, isDisposed: true, id: 'x' }],
  ['data that looks like an error', { err: { message: 'no' }, status: 'error' }],
  ['keys of every kind', { '': 1, 'a b': 2, ü: 3, constructor: 4, '0': 5 }],
];

export function payloadsCases(transport: TransportUnderTest): void {
  describe('N1 payloads', () => {
    let service: ComparedService;
    let client: ClientProxy;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      await service.serve(PayloadsModule);
      client = await service.connected();
    });
    afterAll(() => service.close());

    test.each(payloads)('N1.30 there and back: %s', async (_name, sent, seen = sent) => {
      expect(await outcomeOf(client.send('forms.echo', sent))).toEqual(completed(seen));
    });

    test.each([
      ['', 'string'],
      [0, 'number'],
      [false, 'boolean'],
      [Number.NaN, 'null'],
      [() => 1, 'undefined'],
      [Symbol('s'), 'undefined'],
    ])('N1.31 the handler sees the type of %s', async (sent, type) => {
      expect(await outcomeOf(client.send('forms.typeof', sent))).toEqual(completed(type));
    });

    test('N1.32 data that JSON cannot hold fails its own call only', async () => {
      const circular: { self?: unknown } = {};
      circular.self = circular;
      const outcomes = await Promise.all([
        outcomeOf(client.send('forms.echo', 1)),
        outcomeOf(client.send('forms.echo', circular)),
        outcomeOf(client.send('forms.echo', 1n)),
        outcomeOf(client.send('forms.echo', 2)),
      ]);
      expect(outcomes).toEqual([
        completed(1),
        { values: [], end: 'error', error: expect.any(Error) },
        { values: [], end: 'error', error: expect.any(Error) },
        completed(2),
      ]);
    });
  });
}

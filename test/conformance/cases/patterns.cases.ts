import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { differs } from '../differences.js';
import { awkwardPatterns, PatternsController } from '../fixture/patterns.controller.js';
import { completed, outcomeOf, PATIENCE, SILENCE } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';
import { NO_MESSAGE_HANDLER } from '../nest-texts.js';

@Module({ controllers: [PatternsController] })
class PatternsModule {}

export function patternsCases(transport: TransportUnderTest): void {
  describe('N2 patterns', () => {
    let service: ComparedService;
    let client: ClientProxy;

    beforeAll(async () => {
      service = await ComparedService.open(transport);
      await service.serve(PatternsModule);
      client = await service.connected();
    });
    afterAll(() => service.close());

    const cases: [id: string, pattern: unknown, answer: unknown][] = [
      ['N2.1 a string', 'patterns.text', ['text', [1, 2]]],
      ['N2.2 a number', 7, ['number', [1, 2]]],
      ['N2.3 the text of a number', '7', ['number', [1, 2]]],
      ['N2.4 an object', { cmd: 'sum', role: 'math' }, 3],
      ['N2.5 an object, keys in another order', { role: 'math', cmd: 'sum' }, 3],
      ['N2.6 an object with fewer keys is another pattern', { cmd: 'sum' }, 'only cmd'],
      [
        'N2.7 a nested object in any order',
        { cmd: 'find', area: { level: 2, name: 'cats' } },
        ['nested', [1, 2]],
      ],
      ['N2.8 the JSON text of the object', '{"cmd":"sum","role":"math"}', 3],
      ['N2.9 several on one handler: a string', 'patterns.first', ['several', [1, 2]]],
      ['N2.10 several on one handler: an object', { cmd: 'second' }, ['several', [1, 2]]],
      ['N2.11 several on one handler: a number', 3, ['several', [1, 2]]],
    ];
    test.each(cases)('%s', async (_id, pattern, answer) => {
      expect(await outcomeOf(client.send(pattern, [1, 2]))).toEqual(completed(answer));
    });

    test.each(awkwardPatterns)('N2.12 special characters: %j', async (pattern) => {
      expect(await outcomeOf(client.send(pattern, 1))).toEqual(completed(['awkward', 1]));
    });

    const found = { end: 'complete', values: [['json-like', 1]] };
    const unknown = { end: 'error', values: [], error: NO_MESSAGE_HANDLER };
    const jsonLike = differs('jsonLikePattern', transport.name, {
      'nest-redis': unknown,
      'nest-tcp': unknown,
      'redis-streams': found,
    });
    test.each(['1.0', '"quoted"'])('N2.13 %s, a string that is JSON', async (pattern) => {
      expect(await outcomeOf(client.send(pattern, 1))).toEqual(jsonLike);
    });

    const otherOrder = differs('jsonTextOrder', transport.name, {
      'nest-redis': { end: 'silence' },
      'nest-tcp': { end: 'complete', values: [3] },
      'redis-streams': { end: 'error', error: { code: 'NO_CONSUMER' } },
    });
    test('N2.14 the JSON text of the object, keys in another order', async () => {
      const within = otherOrder.end === 'silence' ? SILENCE : PATIENCE;
      const text = '{"role":"math","cmd":"sum"}';
      expect(await outcomeOf(client.send(text, [1, 2]), within)).toMatchObject(otherOrder);
    });

    const nowhere = differs('unknownPattern', transport.name, {
      'nest-redis': { end: 'silence' },
      'nest-tcp': { end: 'error', error: NO_MESSAGE_HANDLER },
      'redis-streams': {
        end: 'error',
        error: { code: 'NO_CONSUMER', message: expect.stringContaining(NO_MESSAGE_HANDLER) },
      },
    });
    test('N16.1 A3 a pattern that no instance serves', async () => {
      const within = nowhere.end === 'silence' ? SILENCE : PATIENCE;
      expect(await outcomeOf(client.send('patterns.unknown', 1), within)).toMatchObject(nowhere);
    });
  });
}

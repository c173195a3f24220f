import { Module } from '@nestjs/common';
import type { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { differs } from '../differences.js';
import { eventually } from '../../../tools/wait.js';
import { EventsController, MoreEventsController } from '../fixture/events.controller.js';
import { Journal } from '../fixture/journal.js';
import { INVALID_MESSAGE } from '../nest-texts.js';
import { completed, failed, outcomeOf } from '../outcome.js';
import { ComparedService, type TransportUnderTest } from '../transports.js';

@Module({ controllers: [EventsController, MoreEventsController], providers: [Journal] })
class EventsModule {}

export function eventsCases(transport: TransportUnderTest): void {
  describe('N2 R1 events', () => {
    let service: ComparedService;
    let client: ClientProxy;
    let journal: Journal;

    beforeEach(async () => {
      service = await ComparedService.open(transport);
      const app = await service.serve(EventsModule);
      journal = app.get(Journal);
      client = await service.connected();
    });
    afterEach(() => service.close());

    /** Emits, waits until everything expected is noted, and proves by a later event that it is all. */
    const expectLines = async (lines: string[]): Promise<void> => {
      await eventually(() => expect(journal.lines).toEqual(expect.arrayContaining(lines)));
      await lastValueFrom(client.emit('events.one', 'last'), { defaultValue: undefined });
      await eventually(() => expect(journal.lines).toContain('one "last"'));
      const before = journal.lines.filter((line) => line !== 'one "last"');
      expect(before.toSorted()).toEqual(lines.toSorted());
    };

    test('N2.20 an event reaches its handler once', async () => {
      client.emit('events.one', { a: [1] });
      await expectLines(['one {"a":[1]}']);
    });

    test('N2.21 every handler of an event runs, in every controller', async () => {
      client.emit('events.shared', 1);
      await expectLines(['shared first', 'shared second', 'shared third']);
    });

    test('N2.22 an object as pattern, keys in any order', async () => {
      client.emit({ of: 'cat', type: 'moved' }, { to: 'roof' });
      client.emit({ type: 'moved', of: 'cat' }, { to: 'sofa' });
      await expectLines(['object roof', 'object sofa']);
    });

    test('N2.23 several patterns on one handler', async () => {
      client.emit('events.either', 'text');
      client.emit(11, 'number');
      await expectLines(['either text', 'either number']);
    });

    test('N2.24 an Observable that an event handler returns runs to its end', async () => {
      client.emit('events.stream', 1);
      await expectLines(['stream 0', 'stream 1', 'stream 2', 'stream end']);
    });

    test('N2.25 an event for a message handler runs it', async () => {
      client.emit('events.message', 5);
      await expectLines(['message 5']);
    });

    test('N2.26 R1 emit completes when the event is sent', async () => {
      const outcome = await outcomeOf(client.emit('events.one', 1));
      expect(outcome).toMatchObject({ end: 'complete' });
      await expectLines(['one 1']);
    });

    test('N2.27 emit is hot: subscribing twice does not send twice', async () => {
      const emitted = client.emit('events.one', 1);
      await Promise.all([outcomeOf(emitted), outcomeOf(emitted)]);
      await expectLines(['one 1']);
    });

    test('N2.27 a subscriber that comes when the event was sent sees the end alone', async () => {
      const emitted = client.emit('events.one', 1);
      expect(await outcomeOf(emitted)).toMatchObject({ end: 'complete', values: [undefined] });
      expect(await outcomeOf(emitted)).toMatchObject({ end: 'complete', values: [] });
      await expectLines(['one 1']);
    });

    test('N2.28 send is cold: nothing until subscribed, then one call each time', async () => {
      const call = client.send('events.message', 1);
      await expectLines([]);
      const outcomes = await Promise.all([outcomeOf(call), outcomeOf(call)]);
      expect(outcomes).toEqual([completed('answered'), completed('answered')]);
      expect(journal.count('message 1')).toBe(2);
    });

    test.each([
      ['null data', 'events.one', null],
      ['undefined data', 'events.one', undefined],
      ['null pattern', null, 1],
      ['undefined pattern', undefined, 1],
    ])('N2.29 %s is refused before it is sent', async (_name, pattern, data) => {
      const refused = failed(expect.objectContaining({ message: INVALID_MESSAGE }));
      expect(await outcomeOf(client.send(pattern, data))).toEqual(refused);
      expect(await outcomeOf(client.emit(pattern, data))).toEqual(refused);
      await expectLines([]);
    });

    test('N2.30 events of one pattern start in the order of sending', async () => {
      const order = Array.from({ length: 50 }, (_, i) => i);
      for (const i of order) client.emit('events.one', i);
      await eventually(() => expect(journal.lines).toHaveLength(order.length));
      expect(journal.lines).toEqual(order.map((i) => `one ${i}`));
    });

    test('N2.31 an event without any handler changes nothing for other events', async () => {
      await outcomeOf(client.emit('events.nobody', 1));
      await expectLines([]);
    });

    const asked = differs('requestForEvent', transport.name, {
      'nest-redis': { outcome: completed(8), lines: ['value 4'] },
      'nest-tcp': { outcome: completed(8), lines: ['value 4'] },
      'redis-streams': {
        outcome: failed(expect.objectContaining({ code: 'NO_CONSUMER', outcome: 'not-run' })),
        lines: [],
      },
    });
    test('N2.33 a request for an event handler', async () => {
      expect(await outcomeOf(client.send('events.value', 4))).toEqual(asked.outcome);
      await expectLines(asked.lines);
    });

    test('N2.32 emit connects by itself', async () => {
      const unconnected = service.client();
      await outcomeOf(unconnected.emit('events.one', 'self'));
      await expectLines(['one "self"']);
    });
  });
}

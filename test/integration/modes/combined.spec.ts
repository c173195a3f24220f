import type {
  HandlerExtras,
  Priority,
  RecordOptions,
  RedisStreamsBatchContext,
  RedisStreamsContext,
} from 'nestjs-redis-streams';
import { RedisStreamsRecord, RetryLater } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { EITHER_BROKER } from '../../support/either-broker.js';
import { Gate } from '../../support/gate.js';
import type { Handler } from '../../support/handlers.js';
import { range } from '../../support/tally.js';
import { iterate, Source, taken } from '../windows/source.js';

// What docs/priorities.md and docs/delays.md say of batches, `expiresIn`, `messageId`, streams and `nack`.

const CLASSES = ['high', 'normal', 'low'] as const satisfies readonly Priority[];
/** Milliseconds. */
const SOON = 300;
const retry = { attempts: 3, delay: 10, jitter: 0 };
const priorities = { priorities: true } as const;

/** Where it is, and when it is due. */
const WAYS: readonly (readonly [string, RecordOptions])[] = [
  ...CLASSES.map((priority) => [`of class ${priority}`, { priority }] as const),
  ['with a delay', { delay: SOON }],
  ['of class high with a delay', { priority: 'high', delay: SOON }],
];

describe.each(EITHER_BROKER)('over %s', (_where, make) => {
  const open = async (
    kind: 'messages' | 'events',
    handler: Handler | ((data: never, context: never) => unknown),
    extras: HandlerExtras = {},
  ) => {
    const service = make();
    const given = [handler as Handler, { ...priorities, ...extras }] as const;
    const server = await service.serve({ [kind]: { work: given } });
    return { service, server, client: await service.connected() };
  };

  describe('a batch handler', () => {
    it('gets calls of all classes in one run, and each its own answer', async () => {
      const runs: string[][] = [];
      const work = (items: string[], { contexts }: RedisStreamsBatchContext) => {
        runs.push(contexts.map((context) => context.getPriority()));
        return items.map((item, i) => `${item} ${contexts[i]?.getPriority() ?? ''}`);
      };
      const { client } = await open('messages', work, { batch: { size: 6, ms: 2000 } });
      const wanted = CLASSES.flatMap((priority) => [
        `${priority} ${priority}`,
        `${priority} ${priority}`,
      ]);
      const answers = CLASSES.flatMap((priority) =>
        range(2).map(() => client.call('work', priority, { priority })),
      );
      expect(await Promise.all(answers)).toEqual(wanted);
      expect(runs.map((run) => run.toSorted())).toEqual([
        CLASSES.flatMap((priority) => [priority, priority]).toSorted(),
      ]);
    });

    it('takes what matters more first', async () => {
      const gate = new Gate();
      const runs: string[][] = [];
      const work = async (items: string[]) => {
        runs.push(items);
        if (runs.length === 1) await gate.opened;
        return items;
      };
      const { client } = await open('messages', work, {
        batch: { size: 2, ms: 0 },
        concurrency: 2,
      });
      const first = range(2).map(() => client.call('work', 'first'));
      await eventually(() => expect(runs.flat()).toEqual(['first', 'first']));
      const ids: unknown[] = [];
      const onStored = (stored: unknown): void => void ids.push(stored);
      const low = range(40).map(() => client.call('work', 'low', { priority: 'low', onStored }));
      const high = range(4).map(() => client.call('work', 'high', { priority: 'high', onStored }));
      await eventually(() => expect(ids).toHaveLength(44));
      gate.open();
      await Promise.all([...first, ...low, ...high]);
      // What may have been asked for before, and one turn of `low`.
      expect(runs.flat().lastIndexOf('high')).toBeLessThanOrEqual(2 + 4 + 3);
    });

    it.each(WAYS)('settles and retries messages %s one by one', async (_, options) => {
      const attempts: number[] = [];
      const work = (items: number[], { contexts }: RedisStreamsBatchContext) =>
        items.map((n, i) => {
          const failed = contexts[i]?.getFailedAttempts() ?? 0;
          attempts.push(failed);
          return n === 1 && failed === 0 ? new RetryLater(10) : n;
        });
      const { service, client } = await open('messages', work, { batch: { size: 3, ms: 200 } });
      expect(await Promise.all(range(3).map((n) => client.call('work', n, options)))).toEqual(
        range(3),
      );
      expect(attempts.toSorted()).toEqual([0, 0, 0, 1]);
      expect(await service.deadLetters()).toEqual([]);
    });

    it.each(WAYS)('gets events %s, and those alone that failed once more', async (_, options) => {
      const runs: [number, number][] = [];
      const work = (items: number[], { contexts }: RedisStreamsBatchContext) =>
        items.map((n, i) => {
          const failed = contexts[i]?.getFailedAttempts() ?? 0;
          runs.push([n, failed]);
          return n === 1 && failed === 0 ? new Error('once') : undefined;
        });
      const extras = { batch: { size: 3, ms: 200 }, retry };
      const { client } = await open('events', work, extras);
      await Promise.all(range(3).map((n) => client.tell('work', n, options)));
      await eventually(() =>
        expect(runs.toSorted()).toEqual([
          [0, 0],
          [1, 0],
          [1, 1],
          [2, 0],
        ]),
      );
    });
  });

  describe('an event', () => {
    it.each(CLASSES)('of class %s that expires does not run after that', async (priority) => {
      const gate = new Gate();
      const ran: string[] = [];
      const work = async (name: string) => {
        ran.push(name);
        if (name === 'first') await gate.opened;
      };
      const { client } = await open('events', work, { concurrency: 1 });
      await client.tell('work', 'first');
      await eventually(() => expect(ran).toEqual(['first']));
      await client.tell('work', 'late', { priority, expiresIn: 50 });
      await client.tell('work', 'in time', { priority, expiresIn: 60_000 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      gate.open();
      await eventually(() => expect(ran).toEqual(['first', 'in time']));
    });

    it('with a delay expires so long after it is due', async () => {
      const ran: string[] = [];
      const { client } = await open('events', (name: string) => void ran.push(name));
      const options = { delay: SOON, expiresIn: SOON - 100 };
      await client.tell('work', 'a', options);
      await client.tell('work', 'b', { ...options, priority: 'high' });
      await eventually(() => expect(ran.toSorted()).toEqual(['a', 'b']));
    });

    it('is stored once under its id, whatever its class and its delay', async () => {
      const ran: string[] = [];
      const { client } = await open('events', (name: string) => void ran.push(name));
      const messageId = 'm-1';
      await client.tell('work', 'first', { messageId, priority: 'low' });
      for (const [, options] of WAYS) await client.tell('work', 'again', { messageId, ...options });
      const later = { messageId: 'm-2', delay: SOON };
      await client.tell('work', 'later', later);
      for (const priority of CLASSES) await client.tell('work', 'again', { ...later, priority });
      await client.tell('work', 'at once again', { messageId: 'm-2' });
      await client.tell('work', 'last', { delay: 2 * SOON });
      await eventually(() => expect(ran).toContain('last'));
      expect(ran.toSorted()).toEqual(['first', 'last', 'later']);
    });

    it.each(WAYS)('%s is handled again after nack(), where it was', async (_, options) => {
      const runs: [number, string][] = [];
      const work = (_data: unknown, context: RedisStreamsContext) => {
        runs.push([context.getFailedAttempts(), context.getPriority()]);
        if (runs.length < 3) context.nack({ requeue: true, delay: 10 });
      };
      const { service, client } = await open('events', work, { retry });
      await client.tell('work', 1, options);
      const { delay, priority = 'normal' } = options;
      // Another group may come until it is due.
      const where = delay === undefined ? priority : 'normal';
      await eventually(() => expect(runs).toEqual(range(3).map((n) => [n, where])));
      expect(await service.deadLetters()).toEqual([]);
    });

    it.each(WAYS)('%s is a dead letter after nack({ requeue: false })', async (_, options) => {
      const work = (_data: unknown, context: RedisStreamsContext) =>
        context.nack({ requeue: false, reason: 'no such order' });
      const { service, client } = await open('events', work, { retry });
      await client.tell('work', 1, options);
      await eventually(async () =>
        expect(await service.deadLetters()).toMatchObject([
          { reason: 'handler', error: 'no such order', pattern: 'work' },
        ]),
      );
    });
  });

  describe('a stream', () => {
    it.each(WAYS)('of a call %s waits for its reader, and is whole', async (_, options) => {
      const source = new Source();
      const { client } = await open('messages', (count: number) => source.numbers(count));
      const window = { values: 4 };
      const send = (count: number) =>
        client.stream<number>('work', new RedisStreamsRecord(count, { ...options, window }));
      const reader = iterate(send(1000));
      expect(await taken(reader, 10)).toEqual(range(10));
      expect(await source.atRest()).toBeLessThanOrEqual(10 + 2 * window.values);
      await reader.return?.();
      await source.over();
      const all: number[] = [];
      for await (const n of send(500)) all.push(n);
      expect(all).toEqual(range(500));
    });

    it('with a delay has its idle time from when it is due', async () => {
      const source = new Source();
      const { client } = await open('messages', (count: number) => source.numbers(count));
      const options = { delay: 1500, idleTimeout: 1000, window: true };
      expect(await client.values('work', 5, options)).toEqual(range(5));
    });
  });
});

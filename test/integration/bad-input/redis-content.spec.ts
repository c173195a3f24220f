import { createHash } from 'node:crypto';
import {
  endedRecord,
  runningRecord,
} from '../../../libs/redis-stream-transport/src/protocol/result-record.js';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

// What others may have written into Redis: it ends no process, and nothing is run twice because of it.

const LAST_ID = '18446744073709551615-18446744073709551615';

const unreadable = [
  '1 x [null]',
  '1 x [[]]',
  '1 x [5]',
  '1 x [[[]]]',
  '1 x [["10000000000"]]',
  '1 x {}',
  '1 x [',
  '2 x []',
  'x',
  '1 x [["10000000000",0,1,1,0.5,1]]',
  '1 x [["10000000000",0,1,1,0,1,[1]]]',
];

async function served() {
  const service = new TestService();
  const ran = new Tally();
  await service.serve({ messages: { work: (n: number) => ran.add(n) } });
  const client = await service.connected();
  expect(await client.call('work', 0)).toBe(0);
  return { service, ran, client, log: service.keys.log(client.callerId) };
}

/** Ends the connection on which replies are pushed: what comes until there is a new one is read from the log. */
function interrupt(client: Caller): void {
  client.unwrap<{ disconnect(): void }[]>()[1]?.disconnect();
}

describe('text that is no frame', () => {
  it('does not end its caller when it is published', async () => {
    const { service, client, log } = await served();
    for (const frame of unreadable) {
      await service.redis.spublish(log, `0-1 ${frame}`);
      await service.redis.spublish(log, frame);
    }
    for (const id of ['x', '5-5', '-1', `${LAST_ID}9`]) await service.redis.spublish(log, id);
    await service.redis.spublish(log, '9-x 1 x []');
    expect(await Promise.all(range(5).map((n) => client.call('work', n)))).toEqual(range(5));
  });

  it('does not make its caller deaf when it stands in the reply log', async () => {
    const { service, client, log } = await served();
    for (const frame of unreadable) await service.redis.xadd(log, '*', 'f', frame);
    await service.redis.xadd(log, '*', 'other', 'fields');
    for (const round of range(3)) {
      interrupt(client);
      const numbers = range(10).map((n) => 10 * round + n);
      expect(await Promise.all(numbers.map((n) => client.call('work', n)))).toEqual(numbers);
    }
  });
});

describe('a reply that its caller cannot read', () => {
  it.each(['2 newer [["1",1,1,1,0]]', '1 x no JSON', '1 x [[7]]'])(
    'ends the call at once, and the request is not sent again: %s',
    async (frame) => {
      const service = new TestService();
      const client = await service.connected({ whenNoConsumer: 'wait' });
      const stream = service.keys.stream('foreign');
      const log = service.keys.log(client.callerId);
      const ended = client.failure('foreign', 1, { timeout: 20_000 });
      const entry = await eventually(async () => {
        const [first] = await service.redis.xrange(stream, '-', '+');
        return first![0];
      });
      const answered = performance.now();
      const id = await service.redis.xadd(log, '*', 'f', frame);
      await service.redis.multi().xdel(stream, entry).spublish(log, `${id} ${frame}`).exec();
      expect(await ended).toMatchObject({ code: 'REPLY_LOST', outcome: 'may-have-run' });
      expect(performance.now() - answered).toBeLessThan(1500);
      expect(await service.redis.xinfo('STREAM', stream)).toEqual(
        expect.arrayContaining(['entries-added', 1, 'length', 0]),
      );
    },
  );

  it('does not end calls whose entries are still there', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const waiting = client.call('later', 7);
    await eventually(async () => expect(await service.length('later')).toBe(1));
    await service.redis.spublish(service.keys.log(client.callerId), '5-5 2 newer []');
    await service.serve({ messages: { later: (n: number) => n } });
    expect(await waiting).toBe(7);
  });

  it('ends the call at once when its service could not write the log', async () => {
    const { service, ran, client, log } = await served();
    // No id is left, so nothing can be added any more.
    await service.redis.xadd(log, LAST_ID, 'f', '', 'b', '1');
    const from = performance.now();
    expect(await client.failure('work', 1, { timeout: 20_000 })).toMatchObject({
      code: 'REPLY_LOST',
      outcome: 'may-have-run',
    });
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(ran.repeated).toEqual([]);
    expect(await service.length('work')).toBe(0);
  });
});

describe('text under an idempotency key that is no result', () => {
  const key = { idempotencyKey: 'k' };
  const record = (service: TestService, pattern: string) =>
    service.keys.idempotency('service', pattern, 'k');
  const digestOf = (data: string) => createHash('sha256').update(data).digest('base64url');

  it.each(['5', '[5]', '[[0,1]]', '[[4,{}]]', '[[1,1],[1,1]]', '{}', 'x', '[[1,{"__proto__":1}]]'])(
    'is a fault of the call, and ends no instance: %s',
    async (result) => {
      const { service, ran, client } = await served();
      await service.redis.set(record(service, 'work'), endedRecord(digestOf('1'), result));
      const failure = await client.failure('work', 1, { ...key, timeout: 20_000 });
      expect(failure).toMatchObject({ code: 'REPLY_LOST', outcome: 'may-have-run' });
      expect(await client.call('work', 2)).toBe(2);
      expect(ran.counts.has(1)).toBe(false);
    },
  );

  it('is a fault of the call when the key is of another type', async () => {
    const { service, client } = await served();
    await service.redis.hset(record(service, 'work'), 'a', 'hash');
    const failure = await client.failure('work', 1, { ...key, timeout: 20_000 });
    expect(failure).toMatchObject({ code: 'REPLY_LOST', outcome: 'may-have-run' });
  });

  it.each(['text', '', '=', '.', '=digest'])('is a fault of the call: %j', async (text) => {
    const { service, ran, client } = await served();
    await service.redis.set(record(service, 'work'), text);
    const failure = await client.failure('work', 1, { ...key, timeout: 20_000 });
    expect(failure).toMatchObject({ code: 'REPLY_LOST', outcome: 'may-have-run' });
    expect(ran.counts.has(1)).toBe(false);
  });

  it.each(['. ', '.digest 1-1'])('lets the call run when it names none: %j', async (text) => {
    const { service, client } = await served();
    await service.redis.set(record(service, 'work'), text);
    expect(await client.call('work', 1, key)).toBe(1);
  });

  it('lets the call run when it names an entry that none can be', async () => {
    const { service, client } = await served();
    const strange = runningRecord(digestOf('1'), 'no id', 'work');
    await service.redis.set(record(service, 'work'), strange);
    expect(await client.call('work', 1, key)).toBe(1);
  });

  it('makes an event a dead letter', async () => {
    const service = new TestService();
    const ran = new Tally();
    await service.serve({ events: { told: (n: number) => void ran.add(n) } });
    await service.redis.set(record(service, 'told'), endedRecord(digestOf('1'), '5'));
    const client = await service.connected();
    await client.tell('told', 1, key);
    await eventually(async () =>
      expect(await service.deadLetters()).toMatchObject([{ reason: 'idempotency' }]),
    );
    expect(ran.total).toBe(0);
  });
});

it('a caller record that cannot be read is begun anew', async () => {
  const { service, client } = await served();
  const record = service.keys.caller(client.callerId);
  for (const [field, value] of ['e', 'q'].flatMap((f) => ['x', 'inf', '1e99'].map((v) => [f, v]))) {
    await service.redis.hset(record, field!, value!);
    expect(await client.call('work', 1, { timeout: 10_000 })).toBe(1);
  }
  await service.redis.set(record, 'text');
  expect(await client.call('work', 2, { timeout: 10_000 })).toBe(2);
});

it('notes of retries that cannot be read are ignored, and a note of a start that names no entry stops no take-over', async () => {
  const service = new TestService();
  const ran = new Tally();
  const gone = { consumer: 'gone' };
  const stream = service.keys.stream('told');
  await service.redis.xgroup('CREATE', stream, 'service', '0', 'MKSTREAM');
  const entry = (await service.redis.xadd(stream, '*', 'c', '1 json - - 0', 'd', '1')) as string;
  await service.redis.xreadgroup('GROUP', 'service', gone.consumer, 'STREAMS', stream, '>');
  await service.redis.set(service.keys.lease(gone.consumer), '+');
  await service.redis.hset(service.keys.due('told'), `service ${entry}`, 'soon many x');
  await service.redis.hset(service.keys.started('told'), 'service no-id', gone.consumer);
  await service.serve({ events: { told: (n: number) => void ran.add(n) } });
  await eventually(() => expect(ran.total).toBe(1));
});

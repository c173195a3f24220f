// What somebody who can read and write in Redis, and has no key, can try.
import { RedisStreamsRecord, type RedisStreamsError } from 'nestjs-redis-streams';
import { untrustedMessages } from './heard.js';
import { sealed } from 'nestjs-redis-streams/sealed';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { eventually, pause } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { orders, secretKey, shop } from './keys.js';

type Fields = Record<string, string>;

/** A service that is attacked: `taken` are the data that its handlers were given. */
class Attacked extends TestService {
  readonly taken: unknown[] = [];
  private hold: (() => void) | undefined;
  /** Resolves when a handler may answer. */
  gate = Promise.resolve();

  async begin(instances = 1): Promise<void> {
    const take = async (data: unknown): Promise<unknown> => {
      this.taken.push(data);
      await this.gate;
      return { took: data };
    };
    for (let i = 0; i < instances; i++) {
      await this.serve(
        {
          messages: { pay: take, refund: take },
          events: { paid: (data) => void this.taken.push(data) },
        },
        sealed(orders),
      );
    }
  }

  /** Handlers that are begun from now on wait until `release`. */
  close(): void {
    this.gate = new Promise((resolve) => (this.hold = resolve));
  }

  release(): void {
    this.hold?.();
  }

  /** Adds what the attacker has made of an entry. */
  async add(stream: string, fields: Fields): Promise<void> {
    await this.redis.xadd(this.stream(stream), '*', ...Object.entries(fields).flat());
  }

  /** Resolves when nothing waits or runs any more. */
  async quiet(): Promise<void> {
    await eventually(async () => {
      for (const stream of ['pay', 'refund', 'paid']) {
        const groups = (await this.redis.xinfo('GROUPS', this.stream(stream))) as unknown[][];
        for (const group of groups) expect([group[5], group[11] ?? 0]).toEqual([0, 0]);
      }
    });
  }
}

/** The entry of a call that was recorded while its handler ran, and the caller's client. */
async function recorded(service: Attacked, data: unknown, options = {}) {
  service.close();
  const client = service.client(sealed(shop));
  const reply = firstValueFrom(client.send('pay', new RedisStreamsRecord(data, options)));
  reply.catch(() => undefined);
  await eventually(() => expect(service.taken).toEqual([data]));
  const [list = []] = await service.entries('pay');
  const fields: Fields = {};
  for (let i = 0; i + 1 < list.length; i += 2) fields[list[i] as string] = list[i + 1] as string;
  return { client, reply, fields };
}

const word = (line: string, at: number, value: string): string =>
  line.split(' ').with(at, value).join(' ');

test.each<[string, (fields: Fields) => Fields, string?]>([
  ['of other data', ({ d = '', ...rest }) => ({ ...rest, d: d.slice(0, -6) + 'AAAAAA' })],
  ['in plain JSON', ({ c = '', ...rest }) => ({ ...rest, c: word(c, 1, 'json'), d: '{}' })],
  ['by another codec', ({ c = '', ...rest }) => ({ ...rest, c: word(c, 1, 'text:other') })],
  ['of another call', ({ c = '', ...rest }) => ({ ...rest, c: word(c, 2, '99999999999') })],
  [
    'of another caller',
    ({ c = '', ...rest }) => ({ ...rest, c: word(c, 3, 'AbCdEfGhIjKlMnOpQrStUv') }),
  ],
  ['as an event', ({ c = '', d = '' }) => ({ c: `1 ${c.split(' ')[1]} - - 0 message`, d })],
  ['with a longer deadline', ({ c = '', ...rest }) => ({ ...rest, c: word(c, 4, '9000000') })],
  ['without a deadline', ({ c = '', ...rest }) => ({ ...rest, c: word(c, 4, '0') })],
  ['with a flag', ({ c = '', ...rest }) => ({ ...rest, c: `${c} once` })],
  ['under a key', (fields) => ({ ...fields, k: 'other' })],
  ['with other headers', (fields) => ({ ...fields, h: '{"user":"root"}' })],
  ['without its headers', ({ c = '', d = '' }) => ({ c, d })],
  ['by another name', ({ d = '', ...rest }) => ({ ...rest, d: d.replace('.shop.', '.root.') })],
  ['for another pattern', (fields) => fields, 'refund'],
  ['for another pattern in a stream of the service', (fields) => ({ ...fields, p: 'refund' })],
])('an entry %s is refused', async (_, change, stream = 'pay') => {
  const service = new Attacked();
  await service.begin();
  const untrusted = untrustedMessages();
  const { reply, fields } = await recorded(service, { sum: 1 }, { headers: { user: 'me' } });
  await service.add(stream, change(fields));
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
  const [letter] = await service.deadLetters();
  expect(letter?.['reason']).toBe('untrusted');
  service.release();
  await reply.catch(() => undefined);
  await service.quiet();
  expect(service.taken).toEqual([{ sum: 1 }]);
  expect(untrusted).toEqual([expect.objectContaining({ reason: 'unproven' })]);
});

test('a call that is added again runs once, whichever instance gets the copy, and its caller is told nothing', async () => {
  const service = new Attacked();
  await service.begin(3);
  const untrusted = untrustedMessages();
  const { reply, fields } = await recorded(service, { sum: 1 });
  for (let i = 0; i < 10; i++) await service.add('pay', fields);
  await eventually(() => expect(untrusted).toHaveLength(10));
  service.release();
  expect(await reply).toEqual({ took: { sum: 1 } });
  for (let i = 0; i < 10; i++) await service.add('pay', fields);
  await eventually(() => expect(untrusted).toHaveLength(20));
  await service.quiet();
  expect(service.taken).toEqual([{ sum: 1 }]);
  expect(new Set(untrusted.map(({ reason }) => reason))).toEqual(new Set(['repeated']));
  expect(await service.deadLetters()).toEqual([]);
});

test('an event that is added again is handled once, and later not at all', async () => {
  const service = new Attacked();
  await service.begin(2);
  const client = service.client({ ...sealed(shop), timeout: 1000 });
  const watching = service.redis.duplicate();
  onTestFinished(() => watching.disconnect());
  await lastValueFrom(client.emit('paid', 1), { defaultValue: undefined });
  const [list = []] = await service.entries('paid');
  await eventually(() => expect(service.taken).toEqual([1]));
  const untrusted = untrustedMessages();
  for (let i = 0; i < 10; i++) await service.redis.xadd(service.stream('paid'), '*', ...list);
  await eventually(() => expect(untrusted).toHaveLength(10));
  // Two minutes later it is too old, whatever is remembered of it.
  const [seconds] = await service.redis.time();
  await service.redis.del(await service.keysLike(`*${service.prefix}*:seen:*`));
  await service.redis.xadd(service.stream('paid'), `${(Number(seconds) + 120) * 1000}-0`, ...list);
  await eventually(() => expect(untrusted).toHaveLength(11));
  await service.quiet();
  expect(service.taken).toEqual([1]);
  expect(untrusted.at(-1)).toMatchObject({ reason: 'unproven' });
});

describe('a reply', () => {
  /** Publishes a reply for the recorded call as if a service had answered. */
  async function forge(service: Attacked, fields: Fields, rest: (call: string) => unknown[]) {
    const [, , call = '', caller = ''] = (fields['c'] ?? '').split(' ');
    const frame = `1 stranger [${JSON.stringify([call, ...rest(call)])}]`;
    const log = service.keys.log(caller);
    const id = await service.redis.xadd(log, '*', 'f', frame);
    await service.redis.call('SPUBLISH', log, `${id} ${frame}`);
  }

  test.each<[string, unknown[]]>([
    ['in plain JSON', [1, 1, 1, 0, { took: 'nothing' }]],
    ['that streams', [0, 1, 1, 0, 'value']],
    ['without a value', [2, 1, 1, 0]],
    ['that fails', [3, 1, 1, 0, { message: 'forged' }]],
    ['of another codec', [6, 1, 1, 0, ['obj', { response: 1, isDisposed: true }]]],
    [
      'of a stranger',
      [6, 1, 1, 0, ['text:sealed', `1.gcm.k1.orders.-.0.0.-.json.${'A'.repeat(80)}`]],
    ],
  ])('%s is not believed', async (_, rest) => {
    const service = new Attacked();
    await service.begin();
    const untrusted = untrustedMessages();
    const { reply, fields } = await recorded(service, 1);
    await forge(service, fields, () => rest);
    await expect(reply).rejects.toMatchObject({ code: 'UNTRUSTED', outcome: 'may-have-run' });
    expect(untrusted).toHaveLength(1);
    service.release();
  });

  test('a fault is believed, but not that the handler certainly did not run', async () => {
    const service = new Attacked();
    await service.begin();
    const { reply, fields } = await recorded(service, 1);
    const fault = { code: 'NO_HANDLER', message: 'forged', outcome: 'not-run' };
    await forge(service, fields, () => [4, 1, 1, 0, fault]);
    await expect(reply).rejects.toMatchObject({ code: 'NO_HANDLER', outcome: 'may-have-run' });
    service.release();
  });

  test('of another call is not believed', async () => {
    const service = new Attacked();
    await service.begin();
    const client = service.client(sealed(shop));
    expect(await firstValueFrom(client.send('pay', 'cheap'))).toEqual({ took: 'cheap' });
    const [logKey = ''] = await service.keysLike(`*${service.prefix}*:r:*`);
    const records = await service.redis.xrange(logKey, '-', '+');
    const frame =
      records.flatMap(([, list]) => list).find((text) => text.includes('text:sealed')) ?? '';
    const old = /\["(\d+)",6/.exec(frame)?.[1] ?? '';
    expect(old).not.toBe('');
    service.close();
    const second = firstValueFrom(client.send('pay', 'dear')).catch((error: unknown) => error);
    await eventually(() => expect(service.taken).toEqual(['cheap', 'dear']));
    const [fields = []] = await service.entries('pay');
    const call = (fields[fields.indexOf('c') + 1] ?? '').split(' ')[2] ?? '';
    const forged = frame.replace(`"${old}"`, `"${call}"`);
    const id = await service.redis.xadd(logKey, '*', 'f', forged);
    await service.redis.call('SPUBLISH', logKey, `${id} ${forged}`);
    expect(await second).toMatchObject({ code: 'UNTRUSTED' });
    service.release();
  });
});

test('whoever settles an entry for its service makes no call succeed', async () => {
  const service = new Attacked();
  await service.begin();
  service.close();
  const client = service.client({ ...sealed(shop), timeout: 2000 });
  const reply = firstValueFrom(client.send('pay', 1)).catch((error: unknown) => error);
  await eventually(() => expect(service.taken).toEqual([1]));
  const stream = service.stream('pay');
  const [[id] = ['']] = await service.redis.xrange(stream, '-', '+');
  await service.redis.xack(stream, 'service', id);
  await service.redis.xdel(stream, id);
  await pause(100);
  service.release();
  // The true reply, or an error: nothing else.
  const end = (await reply) as RedisStreamsError | { took: unknown };
  expect([{ took: 1 }, expect.objectContaining({ outcome: 'may-have-run' })]).toContainEqual(end);
});

test('a secret that is for one holder proves no other', async () => {
  const service = new TestService();
  const own = sealed({ name: 'orders', keys: [secretKey('a', 'shop'), secretKey('b', 'web')] });
  await service.serve({ messages: { who: (_, context) => context.getCaller()?.name } }, own);
  const client = (name: string, id: string) =>
    service.client(sealed({ name, keys: [secretKey(id)] }));
  expect(await firstValueFrom(client('shop', 'a').send('who', 1))).toBe('shop');
  expect(await firstValueFrom(client('web', 'b').send('who', 1))).toBe('web');
  await expect(firstValueFrom(client('shop', 'b').send('who', 1))).rejects.toMatchObject({
    code: 'UNTRUSTED',
  });
});

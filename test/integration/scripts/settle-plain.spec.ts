import { settlePlainScript } from '../../../libs/redis-stream-transport/src/redis/operations/serving/settle-plain.js';
import type { Settlement } from '../../../libs/redis-stream-transport/src/redis/group-broker.js';
import { TestBrokers, callerId, requestLine } from '../../support/brokers.js';
import { startPrivateRedis } from '../../support/redis-process.js';

/** A stream of which `me` holds some entries, a caller with a log, and which scripts the service has Redis run. */
async function holding(count: number, url?: string) {
  const brokers = await TestBrokers.open(url);
  const broker = brokers.group();
  const caller = callerId();
  const logKey = brokers.keys.log(caller);
  await brokers.redis.xadd(logKey, '*', 'f', '');
  // Redis learns the scripts, so that none is sent twice.
  await broker.hello();
  await broker.ensureGroup('a', 'r', false);
  for (let i = 0; i < count; i++) await brokers.add('a', requestLine(caller, String(i)));
  const owner = await brokers.owner('me');
  const ids = await brokers.hand('a', 'me', count);
  const heard: string[] = [];
  const subscriber = brokers.redis.duplicate();
  onTestFinished(() => subscriber.disconnect());
  subscriber.on('smessage', (_, text: string) => heard.push(text));
  await subscriber.ssubscribe(logKey);
  const command = vi.spyOn(brokers.link, 'command');
  onTestFinished(() => command.mockRestore());
  const isPlain = () =>
    command.mock.calls.map(([, [sha]]) => sha === settlePlainScript.sha).join(' ');
  return { brokers, broker, caller, logKey, owner, ids, heard, isPlain };
}

const log = (caller: string, frame = 'frame') => ({
  ...{ caller, frame, ttlMs: 60_000, force: true, livesOn: true },
});
const ends = (drop: readonly string[], changes: Partial<Settlement['streams'][number]> = {}) => ({
  ...{ stream: 'a', keep: [], drop, noted: [], started: [] },
  ...changes,
});
const plain = (drop: readonly string[], ...logs: Settlement['logs']): Settlement => ({
  ...{ logs, results: [], streams: [ends(drop)] },
});
const done = { kind: 'ok', logs: [] };

describe('the script for requests that have nothing but a reply', () => {
  it('answers, acknowledges and deletes in one step', async () => {
    const { brokers, broker, caller, owner, ids, heard, isPlain } = await holding(3);
    const other = callerId();
    await brokers.redis.xadd(brokers.keys.log(other), '*', 'f', '');
    const answer = await broker.settle(owner, plain(ids, log(other, 'his'), log(caller, 'mine')));
    expect(answer).toEqual(done);
    expect(isPlain()).toBe('true');
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await brokers.frames(other)).toEqual(['', 'his']);
    expect(await brokers.frames(caller)).toEqual(['', 'mine']);
    const [, [id] = []] = await brokers.redis.xrange(brokers.keys.log(caller), '-', '+');
    await expect.poll(() => heard).toEqual([`${id} mine`]);
  });

  it('settles what nobody waits for', async () => {
    const { brokers, broker, owner, ids, isPlain } = await holding(1);
    expect(await broker.settle(owner, plain(ids))).toEqual(done);
    expect(isPlain()).toBe('true');
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('publishes the id of a long frame in a message of its own', async () => {
    const { broker, caller, owner, ids, heard, isPlain } = await holding(1);
    const long = 'x'.repeat(5000);
    await broker.settle(owner, plain(ids, log(caller, long)));
    expect(isPlain()).toBe('true');
    await expect.poll(() => heard).toEqual([expect.stringMatching(/^\d+-\d+$/), long]);
  });

  it.each<[string, (ids: string[]) => Partial<Settlement>]>([
    ['entries that stay', ([id]) => ({ streams: [ends([], { keep: [id!] })] })],
    ['entries with notes', ([id]) => ({ streams: [ends([id!], { noted: [id!] })] })],
    [
      'entries that were noted as started',
      ([id]) => ({ streams: [ends([id!], { started: [id!] })] }),
    ],
    ['packs', ([id]) => ({ streams: [ends([], { packs: [{ note: id!, letters: 'xx' }] })] })],
    ['two streams', (ids) => ({ streams: [ends(ids), ends(['1-1'], { stream: 'b' })] })],
    [
      'a result of a key',
      (ids) => ({
        streams: [ends(ids)],
        results: [{ ...{ pattern: 'a', key: 'k', digest: 'd', result: '[]' }, name: ids[0]! }],
      }),
    ],
    ['a log that is measured', (ids) => ({ ...plain(ids, { ...log(callerId()), force: false }) })],
    [
      'a log that is to live longer',
      (ids) => ({
        ...plain(ids, { ...log(callerId()), livesOn: false }),
      }),
    ],
    ['replies alone', () => ({ streams: [], logs: [log(callerId())] })],
  ])('is not for %s', async (_, settlement) => {
    const { broker, owner, ids, isPlain } = await holding(1);
    const all = { logs: [], results: [], streams: [], ...settlement(ids) };
    expect(await broker.settle(owner, all)).toEqual(done);
    expect(isPlain()).toBe('false');
  });

  it('is fenced by the lease', async () => {
    const { brokers, broker, caller, owner, ids, isPlain } = await holding(1);
    const settlement = plain(ids, log(caller));
    const stranger = { ...owner, token: 'another' };
    expect(await broker.settle(stranger, settlement)).toEqual({ kind: 'fenced' });
    const unleased = { ...owner, consumer: 'nobody' };
    expect(await broker.settle(unleased, settlement)).toEqual({ kind: 'missing' });
    expect(isPlain()).toBe('true true');
    expect(await brokers.ids('a')).toEqual(ids);
    expect(await brokers.frames(caller)).toEqual(['']);
  });

  it('L13: skips only the frame of a caller whose log cannot be written', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(2);
    const bad = callerId();
    await brokers.redis.set(brokers.keys.log(bad), 'x');
    const answer = await broker.settle(owner, plain(ids, log(bad), log(caller)));
    expect(answer).toEqual({ kind: 'ok', logs: [0] });
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.frames(caller)).toEqual(['', 'frame']);
  });

  it('makes a log that is gone, marks its birth, and gives it its life', async () => {
    const { brokers, broker, caller, logKey, owner, ids, heard } = await holding(1);
    await brokers.redis.del(logKey);
    expect(await broker.settle(owner, plain(ids, log(caller)))).toEqual(done);
    const [[id, fields] = []] = await brokers.redis.xrange(logKey, '-', '+');
    expect(fields).toEqual(['f', 'frame', 'b', '1']);
    expect(await brokers.redis.pttl(logKey)).toBeGreaterThan(50_000);
    await expect.poll(() => heard).toEqual([`${id} frame`]);
  });

  it('runs when memory is full', async () => {
    await using server = await startPrivateRedis();
    const { brokers, broker, caller, owner, ids } = await holding(1, server.url);
    await brokers.redis.config('SET', 'maxmemory', '1');
    expect(await broker.settle(owner, plain(ids, log(caller)))).toEqual(done);
    expect(await brokers.frames(caller)).toEqual(['', 'frame']);
    expect(await brokers.ids('a')).toEqual([]);
  });
});

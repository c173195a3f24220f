import { shardContext } from '../../../../../../test/support/shard-context.js';
import { CommandFailure } from '../../../redis/failure.js';
import type {
  CheckedSettlement,
  GroupBroker,
  SettleAnswer,
  Settlement,
} from '../../../redis/group-broker.js';
import { MAX_FRAME_LENGTH, MAX_SCRIPT_LENGTH } from '../../../protocol/limits.js';
import type { Delivery } from '../run/delivery.js';
import { Settler } from './settler.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A settler, and a Redis that answers or is down. */
function setup() {
  const frames: string[] = [];
  const settlements: Settlement[] = [];
  const checked: string[] = [];
  /** Entries that turn out to be somebody else's. */
  const others = new Set<string>();
  /** Callers whose logs are full. */
  const full = new Set<string>();
  const stopped: string[] = [];
  const ended: string[] = [];
  const open: ((error: Error) => void)[] = [];
  const context = shardContext({ options: { replyTtl: 60_000 } });
  let answers = true;
  const settle = (_: unknown, settlement: Settlement): Promise<SettleAnswer> => {
    const { logs } = settlement;
    settlements.push(settlement);
    if (!answers) return new Promise((_resolve, reject) => open.push(reject));
    if (!context.isUp) return Promise.reject(new CommandFailure('unsent', '', 'away'));
    const tooMuch = logs.flatMap(({ caller, force }, i) => (full.has(caller) && !force ? [i] : []));
    if (tooMuch.length > 0) return Promise.resolve({ kind: 'full', logs: tooMuch });
    frames.push(...logs.map(({ frame }) => frame));
    return Promise.resolve({ kind: 'ok', logs: [] });
  };
  const settleChecked = async (_: unknown, entry: CheckedSettlement): Promise<string> => {
    if (!context.isUp) throw new CommandFailure('unsent', '', 'away');
    checked.push(entry.id);
    if (others.has(entry.id)) return 'lost';
    const { answer } = entry;
    if (answer !== undefined) frames.push((full.has(answer.caller) && answer.lost) || answer.frame);
    return 'ok';
  };
  const broker = { settle, settleChecked } as unknown as GroupBroker;
  const settler = new Settler(context, broker, {
    eased() {},
    logFull: ({ id }) => stopped.push(id),
    released: ({ id }, outcome) => ended.push(`${id} ${outcome}`),
  });
  const stream = (id: string) =>
    ({
      ...{ id, stream: { name: 's' }, isRequest: true, once: false },
      entry: { header: { caller: id, call: '1', timeout: 0 } },
      history: { generation: 0, attempts: 0, spared: 0, incarnation: '' },
    }) as unknown as Delivery;
  /** A request that has ended, and of which Redis holds more than the entry. */
  const special = (id: string, { once = false, attempts = 0 } = {}): Delivery => {
    const history = { generation: 0, attempts, spared: 0, incarnation: '' };
    return Object.assign(stream('one'), { id, name: id, once, history });
  };
  /** Replies in the order in which they were written. */
  const written = () => frames.flatMap((frame) => /\[(.*)\]$/.exec(frame)?.[1]?.split(',') ?? []);
  return {
    ...{ context, settler, frames, settlements, checked, others, ended, stream, special, written },
    ...{ full, stopped },
    away() {
      answers = false;
    },
    /** The connection ends; settlements on their way get no answer. */
    async dies() {
      answers = true;
      context.isUp = false;
      context.identity.nextGeneration();
      for (const reject of open.splice(0)) reject(new CommandFailure('lost', '', 'closed'));
      await turn();
    },
    async back() {
      context.isUp = true;
      settler.resume();
      await turn();
      context.clock.pass(1000);
      for (let i = 0; i < 20; i++) await turn();
    },
  };
}

describe('what ends in one turn of the event loop', () => {
  /** Three calls end, each in a microtask of its own, as timers of one millisecond do. */
  async function endOneByOne({ settler, stream }: ReturnType<typeof setup>): Promise<void> {
    for (const id of ['1', '2', '3']) {
      settler.add(stream(id), 'x', true);
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  }

  it('is one settlement at its end, if it began in earlier turns', async () => {
    const its = setup();
    await endOneByOne(its);
    expect(its.settlements).toHaveLength(0);
    await turn();
    expect(its.settlements).toHaveLength(1);
  });

  it('leaves in its microtasks, if it began in this one', async () => {
    const its = setup();
    its.settler.began();
    await endOneByOne(its);
    expect(its.settlements.length).toBeGreaterThan(0);
    await turn();
    its.settlements.length = 0;
    await endOneByOne(its);
    expect(its.settlements).toHaveLength(0);
    await turn();
    expect(its.settlements).toHaveLength(1);
  });
});

describe('values of a streamed reply whose settlements got no answer', () => {
  const range = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => String(from + i));

  it('are written again in order, before later values, and a few times only', async () => {
    const { settler, ended, stream, written, frames, away, dies, back } = setup();
    const one = stream('one');
    away();
    for (const value of range(0, 3000)) {
      settler.add(one, value, false);
      if (Number(value) % 300 === 0) await turn();
    }
    await dies();
    for (const value of range(3000, 5000)) settler.add(one, value, false);
    settler.add(one, 'end', true);
    const whole = settler.settled();
    await back();
    await whole;
    expect(written().filter((value) => value !== 'end')).toEqual(range(0, 5000));
    expect(ended).toEqual(['one ok']);
    expect(frames.length).toBeLessThan(10);
    expect(settler.owed).toBe(0);
  });

  it('are lost where the log of their caller is full, and their handler is told', async () => {
    const { settler, ended, stream, frames, full, stopped, away, dies, back } = setup();
    const one = stream('one');
    away();
    settler.add(one, 'value', false);
    await turn();
    await dies();
    full.add('one');
    settler.add(one, 'end', true);
    await back();
    await settler.settled();
    expect(frames.map((frame) => /REPLY_LOST|value|end/.exec(frame)?.[0])).toEqual([
      ...['REPLY_LOST', 'REPLY_LOST'],
    ]);
    expect(stopped).toEqual(['one']);
    expect(ended).toEqual(['one ok']);
  });

  it('delay nothing once they are another instance’s', async () => {
    const { settler, ended, stream, written, away, dies, back } = setup();
    const one = stream('one');
    away();
    for (const value of range(0, 100)) settler.add(one, value, false);
    await turn();
    await dies();
    settler.add(one, 'end', true);
    settler.drop();
    await turn();
    expect(settler.owed).toBe(0);
    expect(ended).toEqual(['one lost']);
    await back();
    const history = { ...one.history, generation: 1 };
    settler.add(Object.assign(stream('two'), { history }), 'x', true);
    await settler.settled();
    expect(written()).toEqual(['x']);
    expect(ended).toEqual(['one lost', 'two ok']);
  });
});

describe('what ends in one turn', () => {
  const range = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i + 1}-0`);

  it('is one script: results of keys, starts and notes go with the entries', async () => {
    const { settler, settlements, checked, ended, special, written } = setup();
    const keyed = (key: string, result: string | undefined) => ({
      ...{ pattern: 'p', key, digest: 'd', result },
    });
    settler.add(special('1-0'), 'a', true);
    settler.add(special('2-0', { once: true }), 'b', true);
    settler.add(special('3-0', { attempts: 1 }), 'c', true);
    settler.add(special('4-0'), 'd', true, keyed('k', '[[1]]'));
    settler.add(special('5-0', { once: true, attempts: 1 }), 'e', true, keyed('l', undefined));
    await settler.settled();
    expect(settlements).toHaveLength(1);
    expect(settlements[0]!.streams).toEqual([
      {
        ...{ stream: 's', keep: [], drop: range(5) },
        ...{ noted: ['3-0', '5-0'], started: ['2-0', '5-0'] },
      },
    ]);
    expect(settlements[0]!.results).toEqual([
      { ...keyed('k', '[[1]]'), name: '4-0' },
      { ...keyed('l', undefined), name: '5-0' },
    ]);
    expect(written()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(checked).toEqual([]);
    expect(ended).toEqual(range(5).map((id) => `${id} ok`));
  });

  it('is several scripts when the results of keys are long', async () => {
    const { settler, settlements, special } = setup();
    const result = 'x'.repeat(1_000_000);
    for (const id of range(20)) {
      settler.add(special(id), 'a', true, { pattern: 'p', key: id, digest: 'd', result });
    }
    await settler.settled();
    const lengths = settlements.map(({ results }) =>
      results.reduce((sum, each) => sum + (each.result?.length ?? 0), 0),
    );
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_SCRIPT_LENGTH);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(20_000_000);
  });

  it('is in frames of no more than they may hold, however much waits for answers', async () => {
    const { settler, frames, special, written } = setup();
    const reply = 'x'.repeat(300_000);
    for (const id of range(40)) settler.add(special(id), reply, true);
    await settler.settled();
    for (const { length } of frames) expect(length).toBeLessThan(MAX_FRAME_LENGTH + 100);
    expect(written()).toHaveLength(40);
  });

  it('is checked one by one after a lost answer: one that is another’s gets no reply', async () => {
    const { settler, ended, special, written, others, away, dies, back } = setup();
    away();
    for (const id of range(10)) settler.add(special(id, { once: true }), id, true);
    await turn();
    others.add('7-0');
    await dies();
    await back();
    await settler.settled();
    expect(written().sort()).toEqual(
      range(10)
        .filter((id) => id !== '7-0')
        .sort(),
    );
    expect(ended.filter((end) => end.endsWith('lost'))).toEqual(['7-0 lost']);
    expect(ended).toHaveLength(10);
  });

  it('is checked too when it has ended before a reconnect and waited for it', async () => {
    const { context, settler, settlements, checked, ended, stream, special, written } = setup();
    context.isUp = false;
    settler.add(stream('one'), 'value', false);
    settler.add(special('1-0'), 'a', true);
    settler.add(special('2-0'), 'b', true);
    await turn();
    context.identity.nextGeneration();
    context.isUp = true;
    settler.resume();
    await settler.settled();
    expect(checked).toEqual(['1-0', '2-0']);
    expect(settlements.flatMap(({ streams }) => streams)).toEqual([]);
    expect(written().sort()).toEqual(['a', 'b', 'value']);
    expect(ended).toEqual(['1-0 ok', '2-0 ok']);
  });
});

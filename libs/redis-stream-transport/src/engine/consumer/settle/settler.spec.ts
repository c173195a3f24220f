import { shardContext } from '../../../../../../test/support/shard-context.js';
import { CommandFailure } from '../../../redis/failure.js';
import type { GroupBroker, SettleAnswer, Settlement } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';
import { Settler } from './settler.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A settler, and a Redis that answers or is down. */
function setup() {
  const frames: string[] = [];
  const ended: string[] = [];
  const open: ((error: Error) => void)[] = [];
  const context = shardContext({ options: { replyTtl: 60_000 } });
  let answers = true;
  const settle = (_: unknown, { logs }: Settlement): Promise<SettleAnswer> => {
    if (!answers) return new Promise((_resolve, reject) => open.push(reject));
    if (!context.isUp) return Promise.reject(new CommandFailure('unsent', '', 'away'));
    frames.push(...logs.map(({ frame }) => frame));
    return Promise.resolve({ kind: 'ok', logs: [] });
  };
  const settleChecked = async (): Promise<string> => {
    if (!context.isUp) throw new CommandFailure('unsent', '', 'away');
    frames.push('1 me [end]');
    return 'ok';
  };
  const broker = { settle, settleChecked } as unknown as GroupBroker;
  const settler = new Settler(context, broker, {
    ...{ unheard() {}, eased() {} },
    released: ({ id }, outcome) => ended.push(`${id} ${outcome}`),
  });
  const stream = (id: string) =>
    ({
      ...{ id, stream: { name: 's' }, isRequest: true, once: false },
      entry: { header: { caller: id, call: '1', timeout: 0 } },
      history: { generation: 0, attempts: 0, spared: 0, incarnation: '' },
    }) as unknown as Delivery;
  /** Replies in the order in which they were written. */
  const written = () => frames.flatMap((frame) => /\[(.*)\]$/.exec(frame)?.[1]?.split(',') ?? []);
  return {
    ...{ context, settler, frames, ended, stream, written },
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

import type { Connection } from '../connect.js';
import type { CommandFailure } from '../failure.js';
import type { Link } from '../link.js';
import { Replicas, underLease } from './replicas.js';

interface Asked {
  readonly args: readonly unknown[];
  answer(replicas: number): void;
  fail(error: Error): void;
}

/** A connection on which the test answers what is asked. */
class FakeConnection {
  readonly asked: Asked[] = [];

  call(...args: readonly unknown[]): Promise<unknown> {
    return new Promise((answer, fail) => this.asked.push({ args, answer, fail }));
  }
}

const of = (connection: FakeConnection) => connection as unknown as Connection;

/** Links of two shards that share a connection. */
function setup() {
  const connection = new FakeConnection();
  const told: string[] = [];
  const left: CommandFailure[] = [];
  const shard = () => {
    const link = {
      current: of(connection),
      leaveServer: (failure: CommandFailure) => left.push(failure),
    };
    const wanted = { count: 1, timeout: 500 };
    const replicas = new Replicas(link as unknown as Link, wanted, (text) => told.push(text));
    return { link, replicas, confirm: () => replicas.confirm(link.current) };
  };
  return { ...shard(), other: shard(), connection, asked: connection.asked, told, left };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const refused = (text: string) => Object.assign(new Error(text), { name: 'ReplyError' });

describe('L25: asking replicas', () => {
  it('has two questions on their way at most, for all shards of a connection; others become one', async () => {
    const { confirm, other, asked } = setup();
    const first = [confirm(), other.confirm()];
    const others = Array.from({ length: 50 }, (_, n) =>
      n % 2 === 0 ? confirm() : other.confirm(),
    );
    expect(asked.map(({ args }) => args)).toEqual([
      ['WAIT', 1, 500],
      ['WAIT', 1, 500],
    ]);
    asked[0]!.answer(1);
    await turn();
    expect(asked.length).toBe(3);
    asked[1]!.answer(0);
    asked[2]!.answer(2);
    expect(await Promise.all(first)).toEqual([true, false]);
    expect(new Set(await Promise.all(others))).toEqual(new Set([true]));
    expect(asked.length).toBe(3);
  });

  it('asks nothing on another connection: its server may not have what was written', async () => {
    const { link, confirm, asked, replicas } = setup();
    const earlier = confirm();
    const later = replicas.after(
      async () => {
        link.current = of(new FakeConnection());
        return 'ok';
      },
      () => true,
    );
    await expect(later).rejects.toMatchObject({ kind: 'lost' });
    // The shard has left the connection meanwhile, and has said there again what it had said here.
    asked[0]!.answer(1);
    await expect(earlier).rejects.toMatchObject({ kind: 'lost' });
    expect(asked.length).toBe(1);
  });

  it('is over when the connection is', async () => {
    const { confirm, asked } = setup();
    const all = Promise.allSettled([confirm(), confirm(), confirm()]);
    asked[0]!.fail(new Error('Connection is closed.'));
    asked[1]!.fail(new Error('Connection is closed.'));
    await turn();
    asked[2]!.fail(new Error('Connection is closed.'));
    const lost = { status: 'rejected', reason: { kind: 'lost' } };
    expect(await all).toMatchObject([lost, lost, lost]);
  });

  it('counts an answer as lost when too few have what it wrote, and says so', async () => {
    const { replicas, asked, told } = setup();
    const stored = replicas.after(async () => 'ok', underLease);
    await turn();
    asked[0]!.answer(0);
    await expect(stored).rejects.toMatchObject({ kind: 'lost', message: /no replica had it/ });
    expect(told).toEqual([expect.stringContaining('0 of 1 replicas')]);
    // Nothing was written.
    expect(await replicas.after(async () => 'fenced', underLease)).toBe('fenced');
    expect(asked.length).toBe(1);
  });

  it('leaves a server that has become a replica', async () => {
    const { confirm, asked, left } = setup();
    const stored = confirm();
    const text = 'ERR WAIT cannot be used with replica instances.';
    asked[0]!.fail(refused(text));
    await expect(stored).rejects.toMatchObject({ kind: 'lost' });
    expect(left).toMatchObject([{ message: text }]);
  });

  it('names what Redis refuses', async () => {
    const { confirm, asked, told } = setup();
    const stored = confirm();
    asked[0]!.fail(refused("NOPERM this user has no permissions to run the 'wait' command"));
    await expect(stored).rejects.toMatchObject({ kind: 'refused', reply: 'NOPERM' });
    expect(told).toEqual([expect.stringContaining("'wait'")]);
  });
});

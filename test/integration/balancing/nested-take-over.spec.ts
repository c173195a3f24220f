import { RetryLater } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { TOMBSTONE } from '../../../libs/redis-stream-transport/src/redis/lua/fence.js';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

// G21 beside G16 and G19: what keeps an instance from reading keeps its handlers from nothing that they wait for.

async function service() {
  const made = new TestService();
  return { service: made, inside: await made.connected(), client: await made.connected() };
}

const inner = (n: number): number => n;

const outerOf =
  (inside: Caller) =>
  async (n: number): Promise<number> =>
    1 + (await inside.call<number>('inner', n));

/** A consumer that takes what comes before anybody else does, and does nothing with it. */
async function ghostOf(made: TestService) {
  const ghost = made.redis.duplicate();
  onTestFinished(() => ghost.disconnect());
  const id = String(await ghost.client('ID'));
  const taken = ghost.xreadgroup(
    ...(['GROUP', 'service', 'ghost', 'COUNT', 1, 'BLOCK', 10_000] as const),
    ...(['STREAMS', made.keys.stream('inner'), '>'] as const),
  );
  await eventually(async () => {
    expect(await made.redis.client('LIST', 'ID', id)).toContain(' flags=b ');
  });
  return { taken };
}

describe('a call made inside a handler, while all slots wait for such calls', () => {
  it.each(['leaves', 'dies'])('is taken over when its instance %s', async (how) => {
    const { service: made, inside, client } = await service();
    const gate = new Gate();
    const outer = async (n: number): Promise<number> => {
      await gate.opened;
      return outerOf(inside)(n);
    };
    await made.serve({ messages: { outer, inner } }, { concurrency: 1, leaseTtl: 1000 });
    const lease = made.keys.lease('ghost');
    await made.redis.set(lease, 'token');
    const call = client.call<number>('outer', 1, { timeout: 8000 });
    await eventually(async () => expect(await made.pending('outer')).toBe(1));
    // A call from outside stands before it, and finds no slot.
    const first = await ghostOf(made);
    const before = client.call<number>('inner', 5);
    await first.taken;
    const second = await ghostOf(made);
    gate.open();
    await second.taken;
    expect(await made.pending('inner')).toBe(2);
    if (how === 'dies') await made.redis.del(lease);
    else {
      await made.redis.set(lease, TOMBSTONE, 'PX', 60_000);
      await made.redis.spublish(made.keys.nudge('service'), 'left');
    }
    expect(await call).toBe(2);
    expect(await before).toBe(5);
    await eventually(async () => expect(await made.consumers('inner')).not.toContain('ghost'));
  });

  it('is read although calls from outside, which another instance left, come first', async () => {
    const { service: made, inside, client } = await service();
    const gate = new Gate();
    const begun = { stays: 0, leaves: 0 };
    const options = { concurrency: 5, drainTimeout: 50 };
    const stays = async (n: number): Promise<number> => {
      begun.stays++;
      await gate.opened;
      return outerOf(inside)(n);
    };
    const leaves = (): Promise<number> => {
      begun.leaves++;
      return new Promise(() => {});
    };
    await made.serve({ messages: { outer: stays, inner } }, options);
    const other = await made.serve({ messages: { outer: leaves, inner } }, options);
    const calls = range(40).map((n) => client.call<number>('outer', n, { timeout: 10_000 }));
    await eventually(() => expect(begun).toEqual({ stays: 5, leaves: 5 }));
    await other.close();
    gate.open();
    expect(await Promise.all(calls)).toEqual(range(40).map((n) => n + 1));
  });
});

describe('a call made inside a handler, while nothing more is read', () => {
  it('because entries wait for Redis, is read', async () => {
    const { service: made, inside, client } = await service();
    const gate = new Gate();
    const outer = async (n: number): Promise<number> => {
      await gate.opened;
      return outerOf(inside)(n);
    };
    await made.redis.set(made.keys.dead('service'), 'x');
    await made.serve({ messages: { outer, inner } }, { concurrency: 10 });
    const calls = range(5).map((n) => client.call<number>('outer', n, { timeout: 8000 }));
    await eventually(async () => expect(await made.pending('outer')).toBe(5));
    for (let i = 0; i < 5; i++) await made.redis.xadd(made.keys.stream('inner'), '*', 'c', 'x');
    await eventually(async () => expect(await made.pending('inner')).toBe(5));
    gate.open();
    expect(await Promise.all(calls)).toEqual(range(5).map((n) => n + 1));
    await made.redis.del(made.keys.dead('service'));
  });

  it('because a thousand entries wait for another attempt, is read', async () => {
    const { service: made, inside, client } = await service();
    const gate = new Gate();
    const outer = async (n: number): Promise<number> => {
      await gate.opened;
      return outerOf(inside)(n);
    };
    let later = 0;
    const happened = (): never => {
      later++;
      throw new RetryLater(60_000);
    };
    await made.serve({ messages: { outer, inner }, events: { happened } });
    const call = client.call<number>('outer', 1, { timeout: 8000 });
    await eventually(async () => expect(await made.pending('outer')).toBe(1));
    await Promise.all(range(1000).map((n) => client.tell('happened', n)));
    await eventually(async () => {
      expect(later).toBe(1000);
      expect(await made.redis.hlen(made.keys.due('happened'))).toBe(1000);
    });
    gate.open();
    expect(await call).toBe(2);
  });
});

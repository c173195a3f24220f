import type { RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import type { Handlers } from '../../support/handlers.js';
import { Replicated } from '../../support/replicated.js';
import { TestService } from '../../support/test-service.js';

// The longest: what the replica is to have in time must be in time on a busy machine too.
const replicas = { count: 1, timeout: 1500 };
const UNSAFE = { code: 'REDIS', outcome: 'may-have-run' };

/** A client to whom something counts when the replica has it, and a service that may think so too. */
async function setup(handlers: Handlers, options: RedisStreamsServerOptions = {}) {
  const redis = await Replicated.start();
  const service = new TestService({ url: redis.url });
  const server = await service.serve(handlers, options);
  const client = await service.connected({ replicas });
  /** Resolves when the replica has all that this client has sent. On a busy machine that may take it longer than `replicas` says. */
  const kept = () => eventually(() => client.tell('kept'), 10_000);
  return { redis, service, server, client, kept };
}

describe('L25: with replicas', () => {
  it('an event is stored when a replica has it; else its outcome says that it may be lost', async () => {
    const { redis, client, service } = await setup({});
    await client.tell('noted', 1);
    expect(await redis.replica.redis.xlen(service.stream('noted'))).toBe(1);
    await redis.behind(async () => {
      await expect(client.tell('noted', 2)).rejects.toMatchObject(UNSAFE);
    });
    await client.tell('noted', 3);
    expect(await redis.replica.redis.xlen(service.stream('noted'))).toBe(3);
  });

  it('a call whose request no replica has ends so too, and its handler is told', async () => {
    const aborted = new Gate();
    const work = (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.open();
          resolve(0);
        });
      });
    const { redis, client, kept } = await setup({ messages: { work } });
    await kept();
    await redis.behind(async () => {
      expect(await client.failure('work')).toMatchObject({
        ...UNSAFE,
        message: expect.stringContaining('no replica had it within 1500 ms'),
      });
      await aborted.opened;
    });
  });

  it('a reply is passed on when a replica has the settlement that came with it', async () => {
    const [began, may] = [new Gate(), new Gate()];
    const work = async () => {
      began.open();
      await may.opened;
      return 'done';
    };
    const { redis, client, kept, service } = await setup({ messages: { work, ready: () => 0 } });
    await client.call('ready');
    await eventually(async () => {
      const log = service.keys.log(client.callerId);
      expect(await redis.master.redis.call('PUBSUB', 'SHARDNUMSUB', log)).toEqual([log, 1]);
    });
    // This one was pushed: from here on none is read from the log.
    await client.call('ready');
    let answer: unknown;
    const call = client.call('work').then((value) => (answer = value));
    await began.opened;
    await kept();
    await redis.behind(async () => {
      may.open();
      await eventually(async () => expect(await service.length('work')).toBe(0));
      await redis.stillBehind();
      expect(answer).toBeUndefined();
    });
    expect(await call).toBe('done');
  });

  it('a reply that is read from the log is passed on no sooner', async () => {
    const [began, may] = [new Gate(), new Gate()];
    const work = async () => {
      began.open();
      await may.opened;
      return 'done';
    };
    const { redis, client, kept, service } = await setup({ messages: { work } });
    let answer: unknown;
    const call = client.call('work').then((value) => (answer = value));
    await began.opened;
    await kept();
    await redis.behind(async () => {
      may.open();
      await eventually(async () => expect(await service.length('work')).toBe(0));
      await redis.master.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await redis.stillBehind();
      expect(answer).toBeUndefined();
    });
    expect(await call).toBe('done');
  });

  it('a service holds what it has finished until a replica has taken note, and reads no more then', async () => {
    let ran = 0;
    const options = { replicas, concurrency: 2 };
    const { redis, service } = await setup({ messages: { work: () => ++ran } }, options);
    const plain = await service.connected();
    const calls = await redis.behind(async () => {
      const made = Array.from({ length: 200 }, (_, n) => plain.call('work', n));
      await made[0];
      await redis.stillBehind(1000);
      expect(ran).toBeLessThan(100);
      return { made };
    });
    await Promise.all(calls.made);
    expect(ran).toBe(200);
  });

  it('what may be started once starts when a replica has the note', async () => {
    let ran = 0;
    const { redis, service } = await setup({ messages: { work: () => ++ran } }, { replicas });
    const plain = await service.connected();
    const call = await redis.behind(async () => {
      const made = plain.call('work', 0, { atMostOnce: true });
      await eventually(async () => {
        expect(await service.redis.hlen(service.keys.started('work'))).toBe(1);
      });
      await redis.stillBehind();
      expect(ran).toBe(0);
      return { made };
    });
    await call.made;
    expect(ran).toBe(1);
  });

  it('a call that was deleted in time counts as not run when a replica has the deletion', async () => {
    const { redis, client, kept } = await setup({});
    const options = { timeout: 1000, whenNoConsumer: 'wait' } as const;
    const outcome = async (wait: () => Promise<unknown>) => {
      const failed = client.failure('nobody', 0, options);
      await kept();
      await wait();
      return failed;
    };
    // Redis has 150 ms to decide, which a busy machine may need for something else.
    await eventually(async () => {
      expect(await outcome(kept)).toMatchObject({ code: 'TIMEOUT', outcome: 'not-run' });
    }, 20_000);
    const unkept = await outcome(async () => redis.replica.freeze());
    redis.replica.thaw();
    expect(unkept).toMatchObject({ code: 'TIMEOUT', outcome: 'may-have-run' });
  });
});

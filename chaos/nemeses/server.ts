// What may happen to the server.
import type { Facts } from '../fleet/faults.js';
import { pause } from '../../tools/wait.js';
import type { Context } from '../scenarios/scenario.js';

/**
 * Redis writes to the disk once a second, and up to a second later while the disk is slow. The writes after
 * that are lost.
 */
const forgetful: Facts = { excuses: 'open', forgets: 2000 };

/** `kill -9`, a pause, and the same server again with the data on its disk. */
export async function killRedis({ redis, faults }: Context, downFor: number): Promise<void> {
  // With `always` every write is on disk before it is acknowledged: nothing is lost, and no call may be
  // repeated.
  const { fsync } = redis;
  const facts: Facts = { cuts: 'all', fsync, ...(fsync === 'always' ? {} : forgetful) };
  await faults.during('redis-kill', facts, async () => {
    await redis.kill();
    await pause(downFor);
    await redis.restart();
  });
}

/** `kill -9`, and a server without any data in its place. */
export async function restartEmpty({ redis, faults }: Context, downFor = 0): Promise<void> {
  await faults.during('restart-empty', { cuts: 'all', excuses: 'open' }, async () => {
    await redis.kill();
    await pause(downFor);
    await redis.restartEmpty();
  });
}

/** The process of Redis is frozen for a while; connections stay. */
export async function sleep({ redis, faults }: Context, seconds: number): Promise<void> {
  await faults.during('debug-sleep', { cuts: 'all', gentle: true, stands: true }, async () => {
    await redis.admin.call('DEBUG', 'SLEEP', String(seconds));
  });
}

/** Redis answers no command for a while; connections stay. */
export async function pauseClients({ redis, faults }: Context, ms: number): Promise<void> {
  await faults.during('client-pause', { cuts: 'all', gentle: true, stands: true }, async () => {
    await redis.admin.call('CLIENT', 'PAUSE', String(ms), 'ALL');
    await pause(ms);
    await redis.answers();
  });
}

/** Ends all connections of one kind. */
export async function killClients(
  { redis, faults }: Context,
  type: 'normal' | 'pubsub',
): Promise<void> {
  await faults.during(`client-kill-${type}`, { cuts: 'all', gentle: true, blind: true }, () =>
    redis.admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'),
  );
}

/** Memory is full: nothing can be stored, but running calls must be able to end. */
export async function fillMemory({ redis, faults }: Context, ms: number): Promise<void> {
  await faults.during('maxmemory', { refuses: true }, async () => {
    await redis.admin.config('SET', 'maxmemory', '1');
    await pause(ms);
    await redis.admin.config('SET', 'maxmemory', '0');
  });
}

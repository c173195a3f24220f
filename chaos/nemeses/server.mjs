// What may happen to the server.
import { pause } from '../kit/time.mjs';

/** Redis writes once a second, and while a disk is slow up to a second later: what came last is undone. */
const forgetful = { excuses: 'open', forgets: 2000 };

/** kill -9, a while of nothing, and the same server again with what its disk has kept. */
export async function killRedis({ redis, faults }, downFor) {
  // With every write on disk before it is acknowledged nothing is lost, and nothing may be repeated.
  const { fsync } = redis;
  const facts = { cuts: 'all', fsync, ...(fsync === 'always' ? {} : forgetful) };
  await faults.during('redis-kill', facts, async () => {
    await redis.kill();
    await pause(downFor);
    await redis.restart();
  });
}

/** kill -9, and a server without any memory in its place. */
export async function restartEmpty({ redis, faults }, downFor = 0) {
  await faults.during('restart-empty', { cuts: 'all', excuses: 'open' }, async () => {
    await redis.kill();
    await pause(downFor);
    await redis.restartEmpty();
  });
}

/** Redis does nothing for a while; connections stay. */
export async function sleep({ redis, faults }, seconds) {
  await faults.during('debug-sleep', { cuts: 'all', gentle: true, stands: true }, async () => {
    await redis.admin.call('DEBUG', 'SLEEP', String(seconds));
  });
}

/** Redis answers nobody for a while; connections stay. */
export async function pauseClients({ redis, faults }, ms) {
  await faults.during('client-pause', { cuts: 'all', gentle: true, stands: true }, async () => {
    await redis.admin.call('CLIENT', 'PAUSE', String(ms), 'ALL');
    await pause(ms);
    await redis.answers();
  });
}

/**
 * Ends all connections of one kind.
 * @param {import('../scenarios/index.mjs').Context} context
 * @param {'normal' | 'pubsub'} type
 */
export async function killClients({ redis, faults }, type) {
  await faults.during(`client-kill-${type}`, { cuts: 'all', gentle: true, blind: true }, () =>
    redis.admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'),
  );
}

/** Memory is full: nothing can be stored, what runs must be able to end. */
export async function fillMemory({ redis, faults }, ms) {
  await faults.during('maxmemory', { refuses: true }, async () => {
    await redis.admin.config('SET', 'maxmemory', '1');
    await pause(ms);
    await redis.admin.config('SET', 'maxmemory', '0');
  });
}

import { KeptServer } from '../../tools/redis/kept-server.js';
import { WatchedMaster } from '../../tools/redis/sentinels.js';
import { startPrivateRedis } from '../../tools/redis.js';
import { lookFor } from '../../tools/wait.js';

it('what is asked of a server that is away fails soon, however long it is away', async () => {
  const server = new KeptServer(await startPrivateRedis(), []);
  onTestFinished(() => server.stop());
  await server.redis.ping();
  await server.kill();
  let longest = 0;
  const answers = async () => {
    const asked = performance.now();
    const answer = await server.redis.ping().catch(() => undefined);
    longest = Math.max(longest, performance.now() - asked);
    return answer;
  };
  await lookFor(answers, 4000, 10);
  await server.start();
  expect(await answers()).toBe('PONG');
  expect(longest).toBeLessThan(1000);
}, 30_000);

it('what Sentinels watch is settled when one master is left, after one that was killed is back', async () => {
  const watched = await WatchedMaster.start();
  onTestFinished(() => watched.stop());
  const former = await watched.master();
  await former.kill();
  await watched.replaced(former);
  await former.start();
  await watched.settled();
  const next = await watched.master();
  const roles = await Promise.all(watched.servers.map(({ redis }) => redis.role()));
  expect(roles.filter(([role]) => role === 'master')).toHaveLength(1);
  // On a busy machine Sentinels may have changed their minds once more, so any other one counts as the former.
  const other = watched.servers.find((server) => server !== next);
  const [role, ...place] = (await other?.redis.role()) ?? [];
  expect([role, ...place.slice(0, 3)]).toEqual(['slave', '127.0.0.1', next.port, 'connected']);
}, 60_000);

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
// The Python client has its own tests, in clients/python/tests: this runs them with a Redis and Nest peers.
import { startPrivateRedis, type PrivateRedis } from '../../tools/redis.js';
import { RedisCluster } from '../../tools/redis/cluster.js';
import { WatchedMaster } from '../../tools/redis/sentinels.js';
import { builtLibrary, program } from '../support/built-library.js';
import { HOW_TO_GET, pythonAt } from '../../tools/python.js';
import { python } from './python.js';

const at = pythonAt();

it.runIf(process.env['NRS_NEEDS_PYTHON'] === '1')(
  'there is a Python where there must be one',
  () => {
    expect(at, HOW_TO_GET).toBeDefined();
  },
);
if (at === undefined) console.log(HOW_TO_GET);

const CALLS = `
import asyncio, sys
from pathlib import Path
from redis import Redis
import redis_streams_rpc
from redis_streams_rpc import Caller, Service
from redis_streams_rpc.tiny import call

url, folder = sys.argv[1], Path(redis_streams_rpc.__file__).parent
assert "site-packages" in str(folder) and (folder / "py.typed").exists()
service = Service(url, group="wheel")
service.message("wheel.echo")(lambda data: data)

async def main() -> None:
    async with service, Caller(url) as caller:
        assert await caller.call("wheel.echo", 1) == 1
        assert await asyncio.to_thread(call, Redis.from_url(url, decode_responses=True), "wheel.echo", 2) == 2

asyncio.run(main())
`;

/** Tests of Python at once, for they wait more than they work. Each has a Redis of its own: a test may end its connections. */
const LANES = 4;

const urlsOf = (nodes: readonly { readonly port: number }[]) =>
  nodes.map(({ port }) => `redis://127.0.0.1:${port}`).join(',');

describe.skipIf(at === undefined)('the client for Python', () => {
  let lanes: PrivateRedis[];
  let cluster: RedisCluster;
  let watched: WatchedMaster;
  beforeAll(async () => {
    [lanes, cluster, watched] = await Promise.all([
      Promise.all(Array.from({ length: LANES }, () => startPrivateRedis())),
      RedisCluster.start(),
      WatchedMaster.start(),
    ]);
  }, 60_000);
  afterAll(() => Promise.all([...lanes, cluster, watched].map((one) => one.stop())));

  it('passes its tests', { timeout: 600_000 }, async () => {
    const env = {
      REDIS_URL: lanes.map(({ url }) => url).join(','),
      REDIS_CLUSTER: urlsOf(cluster.nodes),
      REDIS_SENTINELS: urlsOf(watched.addresses),
      NRS_LIBRARY: builtLibrary(),
      NRS_PEER: program('peer'),
    };
    const options = ['-q', '-x', '-p', 'no:cacheprovider', '-n', `${LANES}`, '--dist', 'loadgroup'];
    expect(await python(at!, ['pytest', ...options, 'tests'], env)).toBe('');
  });

  it(
    'is built, and works in an environment that has nothing else',
    { timeout: 240_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'nrs-wheel-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const [dist, own] = [join(folder, 'dist'), join(folder, 'env')];
      expect(await python(at!, ['build', '--no-isolation', '--outdir', dist])).toBe('');
      const built = readdirSync(dist).map((name) => join(dist, name));
      expect(built).toHaveLength(2);
      expect(await python(at!, ['twine', 'check', '--strict', ...built])).toBe('');
      expect(await python(at!, ['venv', own])).toBe('');
      const wheel = built.find((name) => name.endsWith('.whl'))!;
      const [bin, env] = [join(own, 'bin/python'), { PYTHONPATH: folder }];
      expect(await python(bin, ['pip', 'install', '-q', wheel], env)).toBe('');
      writeFileSync(join(folder, 'calls.py'), CALLS);
      expect(await python(bin, ['calls', lanes[0]!.url], env)).toBe('');
    },
  );

  it('is typed, and without lint', { timeout: 120_000 }, async () => {
    expect(await python(at!, ['mypy', '--cache-dir=/dev/null'])).toBe('');
    expect(await python(at!, ['ruff', 'check', '--no-cache'])).toBe('');
    expect(await python(at!, ['ruff', 'format', '--check', '--no-cache'])).toBe('');
  });
});

// The Python client has its own tests, in clients/python/tests: this runs them with a Redis and Nest peers.
import { startPrivateRedis, type PrivateRedis } from '../../tools/redis.js';
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

describe.skipIf(at === undefined)('the client for Python', () => {
  let redis: PrivateRedis;
  beforeAll(async () => {
    redis = await startPrivateRedis();
  });
  afterAll(() => redis.stop());

  it('passes its tests', { timeout: 300_000 }, async () => {
    const env = {
      REDIS_URL: redis.url,
      NRS_LIBRARY: builtLibrary(),
      NRS_PEER: program('peer'),
    };
    expect(await python(at!, ['pytest', '-q', '-x', '-p', 'no:cacheprovider'], env)).toBe('');
  });

  it('is typed, and without lint', { timeout: 120_000 }, async () => {
    expect(await python(at!, ['mypy', '--cache-dir=/dev/null'])).toBe('');
    expect(await python(at!, ['ruff', 'check', '--no-cache'])).toBe('');
    expect(await python(at!, ['ruff', 'format', '--check', '--no-cache'])).toBe('');
  });
});

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { eventually } from '../../tools/wait.js';
import { startPrivateRedis, startRedis, type PrivateRedis } from '../../tools/redis.js';

const launcher = new URL('../../tools/redis.ts', import.meta.url).href;
/** Arguments with which Node runs a text as a module that may import the launcher. */
const program = (script: string) => ['--import', 'tsx', '--input-type=module', '-e', script];

describe('the Redis launcher', () => {
  const started: { stop(): Promise<void> }[] = [];
  const own = async (...options: Parameters<typeof startPrivateRedis>): Promise<PrivateRedis> => {
    const redis = await startPrivateRedis(...options);
    started.push(redis);
    return redis;
  };

  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(started.splice(0).map((redis) => redis.stop()));
  });

  it('uses the server of REDIS_URL and leaves it alone', async () => {
    const theirs = await own();
    await withClient(theirs.url, (client) => client.set('theirs', 'kept'));
    vi.stubEnv('REDIS_URL', theirs.url);

    const redis = await startRedis();
    await redis.stop();

    expect(redis).toMatchObject({ url: theirs.url, from: 'REDIS_URL' });
    expect(await withClient(theirs.url, (client) => client.get('theirs'))).toBe('kept');
  });

  it('starts a server without persistence, in a folder that goes with it', async () => {
    const redis = await own();
    const settings = await withClient(redis.url, async (client) => ({
      folder: await setting(client, 'dir'),
      save: await setting(client, 'save'),
      appendonly: await setting(client, 'appendonly'),
    }));

    expect(settings).toMatchObject({ save: '', appendonly: 'no' });
    expect(existsSync(settings.folder)).toBe(true);
    await redis.stop();
    expect(existsSync(settings.folder)).toBe(false);
    expect(isAlive(redis.pid)).toBe(false);
  });

  it('passes arguments on and starts again on the port of a server that was stopped', async () => {
    const first = await own();
    await first.stop();
    const second = await own({ port: first.port, args: ['--maxmemory', '16mb'] });

    expect(second.url).toBe(first.url);
    expect(await withClient(second.url, (client) => setting(client, 'maxmemory'))).toBe('16777216');
  });

  it('stops a frozen server', async () => {
    const redis = await own();
    process.kill(redis.pid, 'SIGSTOP');

    await redis.stop();

    expect(isAlive(redis.pid)).toBe(false);
  });

  it('says what the server said when it does not start', async () => {
    const taken = await own();

    await expect(own({ port: taken.port })).rejects.toThrow('Address already in use');
    await expect(own({ args: ['--no-such-option', '1'] })).rejects.toThrow('no-such-option');
  });

  it('refuses a named binary that is no server, instead of silently taking another', async () => {
    vi.stubEnv('NRS_REDIS_BIN', process.execPath);

    await expect(own()).rejects.toThrow('NRS_REDIS_BIN');
  });

  it('names one way per system where no server can be had', async () => {
    // An empty PATH hides installed servers as well as the means to fetch one.
    const env = {
      ...process.env,
      REDIS_URL: '',
      NRS_REDIS_BIN: '',
      PATH: '',
      NRS_CACHE: '/nowhere',
    };
    const script = `const { startRedis } = await import(${JSON.stringify(launcher)}); await startRedis();`;
    const run = promisify(execFile)(process.execPath, program(script), { env });

    const { stderr } = await run.then(
      () => ({ stderr: 'it started' }),
      (error: { stderr: string }) => error,
    );

    for (const advice of ['REDIS_URL', 'apt-get install', 'dnf install', 'brew install', 'docker'])
      expect(stderr).toContain(advice);
  });

  it('ends the server of a killed parent at the next start, and only that one', async () => {
    const bystander = await own();
    const orphan = await orphanedServer();
    expect(isAlive(orphan)).toBe(true);

    await own();

    await eventually(() => expect(isAlive(orphan)).toBe(false), 5_000);
    expect(isAlive(bystander.pid)).toBe(true);
  });
});

async function orphanedServer(): Promise<number> {
  const script = `
    const { startPrivateRedis } = await import(${JSON.stringify(launcher)});
    const { pid } = await startPrivateRedis();
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, program(script), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  return Number(line);
}

async function withClient<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

async function setting(client: Redis, name: string): Promise<string> {
  const [, value] = (await client.config('GET', name)) as [string, string];
  return value;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

/** A process that ended keeps its number until its parent asks, and in a container nobody may. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

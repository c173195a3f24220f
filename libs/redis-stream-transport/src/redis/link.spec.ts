import { EventEmitter } from 'node:events';
import { Link } from './link.js';
import type { LinkObserver } from './link-settings.js';

// The supervision of one connection, in time that the test lets pass.

/** Connections as `createConnection` makes them, without a network. */
class FakeConnection extends EventEmitter {
  readonly made = performance.now();
  constructor(private readonly reachable: boolean) {
    super();
  }
  async connect(): Promise<void> {
    if (this.reachable) return;
    this.end();
    throw new Error('no route');
  }
  readonly options = {};
  info(): Promise<string> {
    return Promise.resolve('run_id:a');
  }
  sendCommand(): Promise<unknown> {
    return Promise.resolve('PONG');
  }
  end(): void {
    this.emit('end');
  }
}

const { made, next } = vi.hoisted(() => ({ made: [] as unknown[], next: { reachable: true } }));
vi.mock('./connections/prepare-connection.js', () => ({
  prepareConnection: async () => {
    const connection = new FakeConnection(next.reachable);
    made.push(connection);
    return connection;
  },
}));
vi.mock('./connect.js', () => ({
  destroyConnection: (connection: FakeConnection) => connection.end(),
}));

const TIMERS = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'performance',
] as const;
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const links: Link[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: [...TIMERS] });
  // The longest pause that may come, without its jitter.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  made.length = 0;
  next.reachable = true;
});
afterEach(async () => {
  const stopped = Promise.all(links.splice(0).map((link) => link.stop()));
  await pass(0);
  await stopped;
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A link that has failed six times, whose seventh connection is up. */
async function upAfterFailures(maxPause: number) {
  const failed: number[] = [];
  const observer: LinkObserver = {
    ready: () => {},
    closed: () => {},
    failed: (_role, _error, attempt) => void failed.push(attempt),
  };
  const target = { kind: 'single', options: {} } as const;
  const hooks = { up: async () => {}, down: () => {} };
  const link = new Link('commands', { target, maxPause, observer }, hooks);
  links.push(link);
  next.reachable = false;
  link.start();
  while (failed.length < 6) await pass(10);
  next.reachable = true;
  while (!link.isUp) await pass(10);
  const cut = async (): Promise<void> => {
    (made.at(-1) as FakeConnection).end();
    // It connects again in a turn of its own.
    await pass(0);
    await new Promise((turn) => setImmediate(turn));
    await pass(0);
  };
  return { link, failed, cut };
}

/** Milliseconds, to 10, until the link is up again. */
async function downFor(link: Link): Promise<number> {
  const from = performance.now();
  while (!link.isUp) await pass(10);
  return performance.now() - from;
}

describe('the pause before the next connection', () => {
  it.each([
    [1000, 1000],
    [50, 1000],
    [60_000, 60_000],
  ])('retryDelay %i: there is none after one that lived for %i ms', async (maxPause, life) => {
    const { link, cut } = await upAfterFailures(maxPause);
    await pass(life);
    await cut();
    expect(link.isUp).toBe(true);
  });

  it.each([
    [1000, 990, 1000],
    [50, 990, 50],
    [60_000, 59_000, 3200],
  ])(
    'retryDelay %i: it goes on growing after one that lived for %i ms',
    async (maxPause, life, least) => {
      const { link, cut } = await upAfterFailures(maxPause);
      // From the first look on it is up, at most ten milliseconds ago.
      await pass(life - 10);
      await cut();
      expect(link.isUp).toBe(false);
      expect(await downFor(link)).toBeGreaterThanOrEqual(Math.min(least, maxPause));
      // It has lived shortly again.
      await cut();
      expect(await downFor(link)).toBeGreaterThanOrEqual(Math.min(2 * least, maxPause));
    },
  );

  it('doubles from 50 ms up to retryDelay while nothing is reached', async () => {
    const { failed } = await upAfterFailures(400);
    const at = made.map((one) => (one as FakeConnection).made);
    const pauses = at.slice(1).map((time, i) => Math.round(time - at[i]!));
    expect(pauses).toEqual([50, 100, 200, 400, 400, 400]);
    expect(failed).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

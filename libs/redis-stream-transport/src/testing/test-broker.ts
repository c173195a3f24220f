import type { Redis } from 'ioredis';
import { RedisStreamsError } from '../errors.js';
import type { Failure } from './connection/faults.js';
import { MemoryConnection } from './connection/memory-connection.js';
import { MemoryRedis } from './connection/memory-redis.js';
import { MemoryServer, READ } from './connection/memory-server.js';
import { lettersIn, type TestDeadLetter } from './dead-letters.js';
import { OPERATIONS } from './memory/operations.js';
import { realTime } from './time/broker-time.js';
import { VirtualTime } from './time/virtual-time.js';
import { unfinishedIn, type Unfinished } from './unfinished.js';

/** How a test broker begins. */
export interface TestBrokerOptions {
  /** `virtual`: time passes by `advance` and `drain`; `real`: it is that of the system. Default: `virtual`. */
  readonly time?: 'virtual' | 'real';
  /** Where virtual time begins, in milliseconds since 1970. Default: the first of January 2030, UTC. */
  readonly now?: number;
  /** A whole number from which the chance of a virtual time comes. Default: 1. */
  readonly seed?: number;
}

/** How the next operation fails. */
export interface FailureOptions {
  /**
   * `refused`: the broker answers with an error and does nothing; `lost`: it is done, and the connection ends before
   * the answer; `unsent`: the connection ends and nothing is done. Default: `refused`.
   */
  readonly how?: Failure;
  /** The error of a refused one, as Redis would write it. Default: one that says that memory is full. */
  readonly error?: string;
}

/** What `kill` takes: a server or a client of the transport. */
export interface Connected {
  unwrap<T>(): T;
}

/** The first of January 2030. */
const BEGIN = Date.UTC(2030, 0, 1);
const FULL = "OOM command not allowed when used memory > 'maxmemory'.";
/** Milliseconds of the broker's time in which everything must be handled. */
const WITHIN = { virtual: 600_000, real: 10_000 };
/** Milliseconds of this system in which handlers that run must end while a virtual time stands still. */
const PATIENCE = 10_000;
/** Milliseconds between two looks. */
const LOOK = 2;

const FAILURES: ReadonlySet<string> = new Set<Failure>(['refused', 'lost', 'unsent']);
const NAMES: ReadonlySet<string> = new Set([...OPERATIONS.map(({ knownAs }) => knownAs), READ]);

/**
 * A broker in memory, which stands in for Redis in tests. Servers and clients are the real ones, with everything in them;
 * what they ask of Redis is done here. Its time is its own: timeouts, retries and leases need no waiting.
 *
 * @example
 * const broker = createTestBroker();
 * const server = new ServerRedisStreams({ client: broker.redis(), group: 'orders' });
 * const client = new ClientRedisStreams({ client: broker.redis() });
 */
export class TestBroker {
  private readonly server: MemoryServer;
  private readonly virtual: VirtualTime | undefined;

  /** @internal `createTestBroker` makes one */
  constructor({ time = 'virtual', now = BEGIN, seed = 1 }: TestBrokerOptions = {}) {
    if (time !== 'virtual' && time !== 'real') throw refuse('time', '"virtual" or "real"');
    if (!(Number.isSafeInteger(now) && now > 0)) throw refuse('now', 'milliseconds since 1970');
    if (!Number.isSafeInteger(seed)) throw refuse('seed', 'a whole number');
    this.virtual = time === 'virtual' ? new VirtualTime(now, seed) : undefined;
    this.server = new MemoryServer(this.virtual ?? realTime);
  }

  /** Milliseconds since 1970, by the clock of the broker. */
  get now(): number {
    return this.server.store.now;
  }

  /**
   * What stands in for an ioredis client: for the option `client` of servers, clients, modules and `DeadLetters`. Those that
   * share one are one process, and are killed together.
   */
  redis(): Redis {
    return new MemoryRedis(this.server) as unknown as Redis;
  }

  /** Resolves when everything has been done that needs no time. What handlers wait for elsewhere is not waited for. */
  settle(): Promise<void> {
    return this.server.turns.settled();
  }

  /**
   * Lets time pass: what falls due runs at its time, and settles before time goes on.
   *
   * @param ms milliseconds
   * @throws RedisStreamsError INVALID_OPTION for a number below 0, or where time is real
   */
  async advance(ms: number): Promise<void> {
    const { virtual } = this;
    if (virtual === undefined) throw refuse('time', '"virtual" for advance()');
    checkMillis('ms', ms);
    const end = virtual.now() + ms;
    await this.settle();
    while (virtual.step(end)) await this.settle();
    await this.settle();
  }

  /**
   * Lets time pass until a promise has settled, and settles as it does.
   *
   * @param within milliseconds by the clock of the broker. Default: 600,000
   * @throws RedisStreamsError INVALID_OPTION for a number below 0, or where time is real
   * @throws Error it has not settled within that time
   */
  async until<T>(promise: Promise<T>, within = WITHIN.virtual): Promise<T> {
    const { virtual } = this;
    if (virtual === undefined) throw refuse('time', '"virtual" for until()');
    checkMillis('within', within);
    const end = virtual.now() + within;
    const waiting = new Set([promise]);
    const over = (): boolean => waiting.delete(promise);
    promise.then(over, over);
    await this.settle();
    while (waiting.size > 0 && virtual.step(end)) await this.settle();
    if (waiting.size > 0)
      throw new Error(`test broker: the promise has not settled within ${within} ms`);
    return promise;
  }

  /**
   * Resolves when all groups have handled all that was stored for them: requests, events and their retries, also what is
   * due later. A virtual time passes as far as that takes. What no group reads is not waited for.
   *
   * @param within milliseconds by the clock of the broker. Default: 600,000; 10,000 where time is real.
   * @throws RedisStreamsError INVALID_OPTION for a number below 0
   * @throws Error names what is left
   */
  async drain(within = WITHIN[this.virtual ? 'virtual' : 'real']): Promise<void> {
    checkMillis('within', within);
    const { time, store } = this.server;
    const end = time.now() + within;
    const isOpen = (id: number): boolean => this.server.connections.has(id);
    let patience = performance.now() + PATIENCE;
    for (;;) {
      await this.settle();
      const left = unfinishedIn(store, isOpen);
      if (left.length === 0) return;
      const runs = left.some(({ runs: does }) => does);
      if (!runs) patience = performance.now() + PATIENCE;
      const isOver = this.virtual !== undefined && performance.now() >= patience;
      if (time.now() >= end || isOver) throw stuck(left);
      if (this.virtual === undefined || runs) await look();
      else this.virtual.step(end);
    }
  }

  /** The dead letters, oldest first: of one group, or of all. */
  deadLetters(group?: string): TestDeadLetter[] {
    return lettersIn(this.server.store, group);
  }

  /**
   * Has the next operation of a name fail, once. Asked for several times, as many fail.
   *
   * @param operation as the architecture page names it: `enqueue`, `settle`, `retry`, `lease`, `read` and so on
   * @throws RedisStreamsError INVALID_OPTION for a name that no operation has
   */
  failNext(operation: string, { how = 'refused', error = FULL }: FailureOptions = {}): void {
    if (!NAMES.has(operation)) throw refuse('operation', [...NAMES].toSorted().join(', '));
    if (!FAILURES.has(how)) throw refuse('how', [...FAILURES].join(', '));
    this.server.faults.add({ operation, failure: how, error });
  }

  /**
   * Ends all connections of a server or a client, and of all that share its `redis()`, for good: as `kill -9` does. It
   * cannot tell anybody. A handler that runs is not stopped, but nothing that it does arrives any more.
   *
   * @throws RedisStreamsError INVALID_OPTION if it is not connected to this broker
   */
  kill(instance: Connected): void {
    const own = connectionsOf(instance).find(
      (each): each is MemoryConnection =>
        each instanceof MemoryConnection && each.host.server === this.server,
    );
    if (!(own?.host instanceof MemoryRedis)) throw refuse('instance', 'connected to this broker');
    own.host.kill();
  }
}

/**
 * Makes a broker in memory, for tests without Redis.
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function createTestBroker(options: TestBrokerOptions = {}): TestBroker {
  return new TestBroker(options);
}

const look = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK));

/** None before it has begun to connect. */
function connectionsOf(instance: Connected): readonly unknown[] {
  try {
    return instance.unwrap<readonly unknown[]>();
  } catch {
    return [];
  }
}

function checkMillis(option: string, ms: number): void {
  if (!(ms >= 0 && Number.isFinite(ms))) throw refuse(option, 'a number of milliseconds');
}

function refuse(option: string, wanted: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_OPTION', `test broker: "${option}" must be ${wanted}`);
}

function stuck(left: readonly Unfinished[]): Error {
  const named = left.slice(0, 5).map(({ stream, group, id, runs }) => {
    return `${id ?? 'what was not read'} of ${stream} for ${group}${runs ? ' (it runs)' : ''}`;
  });
  const more = left.length > named.length ? `, and ${left.length - named.length} more` : '';
  return new Error(`test broker: not drained: ${named.join('; ')}${more}`);
}

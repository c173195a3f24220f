import { Command } from 'ioredis';
import { createConnection, destroyConnection, type Connection } from './connect.js';
import { CommandFailure, toFailure } from './failure.js';
import { Watchdog } from './watchdog.js';
import type { RedisTarget } from '../options/index.js';
import { thrownError } from '../thrown.js';

/** Milliseconds without traffic after which a connection is asked for a sign of life. */
const HEARTBEAT = 3000;
/** Milliseconds an answer may take before the connection counts as dead. */
const PATIENCE = 3500;
/** Milliseconds between two looks. All three together are the time for which silence can go unnoticed. */
const TICK = 250;
/** Milliseconds for connecting and for the first commands on a new connection. */
const SETUP_TIMEOUT = 10_000;
/** First pause between two attempts, in milliseconds; it doubles. */
const FIRST_PAUSE = 50;

export type LinkRole = 'commands' | 'reader' | 'subscriber';

/** Told of everything that happens to the connections of a client or a server. */
export interface LinkObserver {
  ready(role: LinkRole): void;
  closed(role: LinkRole, reason: Error): void;
  /** An attempt failed; `attempt` counts from 1 since the last success. */
  failed(role: LinkRole, error: Error, attempt: number): void;
}

/** Where to connect, and how patiently. */
export interface LinkSettings {
  readonly target: RedisTarget;
  /** Longest pause between two attempts, in milliseconds. */
  readonly maxPause: number;
  readonly observer: LinkObserver;
}

export interface LinkHooks {
  /** A new connection is ready. If this rejects, the connection is thrown away and tried anew. */
  up(connection: Connection): Promise<void>;
  /** The connection that was up is gone. */
  down(): void;
}

/**
 * One supervised connection: replaces its ioredis object for ever, with backoff and jitter, judged by
 * progress. Commands go to the connection of the moment or fail at once; nothing is queued here.
 */
export class Link {
  private connection: Connection | undefined;
  private watchdog: Watchdog | undefined;
  private stopped = true;
  private running: Promise<void> = Promise.resolve();
  private wake: () => void = noop;
  private blocking = 0;

  constructor(
    readonly role: LinkRole,
    private readonly settings: LinkSettings,
    private readonly hooks: LinkHooks,
  ) {}

  get isUp(): boolean {
    return this.connection !== undefined;
  }

  /** The ioredis object of the moment, for `unwrap()` and for events. */
  get current(): Connection | undefined {
    return this.connection;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.running = this.supervise();
  }

  /** Closes the connection and ends supervision. Idempotent. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    if (this.connection !== undefined) destroyConnection(this.connection);
    await this.running;
  }

  /** Throws the connection away; the supervisor makes another. */
  recycle(): void {
    if (this.connection !== undefined) destroyConnection(this.connection);
  }

  /**
   * Sends one command.
   * @param blocking milliseconds the command may block on the server
   * @throws CommandFailure
   */
  async command(name: string, args: readonly string[], blocking = 0): Promise<unknown> {
    const connection = this.connection;
    if (connection === undefined) throw new CommandFailure('unsent', '', 'not connected to Redis');
    const watchdog = this.watchdog as Watchdog;
    this.blocking = blocking;
    watchdog.sent(performance.now());
    // The typed methods would spread hundreds of arguments, and the constructor would flatten them.
    const command = new Command(name, undefined, REPLY_AS_TEXT);
    command.args = args as string[];
    try {
      return await connection.sendCommand(command);
    } catch (error) {
      const failure = toFailure(error);
      if (failure.moved) destroyConnection(connection);
      throw failure;
    } finally {
      watchdog.answered(performance.now());
      // Commands that are done were seen to outlive two small collections, all with what they held: the
      // data of a turn's calls, and their replies. Letting go of it spares a client a third of its collections' time.
      command.args = [];
      command.promise = SETTLED;
    }
  }

  private async supervise(): Promise<void> {
    const { observer } = this.settings;
    for (let attempt = 1; !this.stopped; attempt++) {
      const connection = createConnection(this.settings.target);
      // ioredis throws unhandled errors at the process; every error also ends the attempt or the life.
      let lastError: Error | undefined;
      connection.on('error', (error: Error) => (lastError = error));
      const ended = new Promise<void>((resolve) => connection.once('end', () => resolve()));
      try {
        await this.setUp(connection, ended, () => lastError);
        attempt = 0;
        observer.ready(this.role);
        await this.watch(connection, ended);
        this.hooks.down();
        if (this.stopped) break;
        observer.closed(this.role, lastError ?? new Error('the connection to Redis ended'));
      } catch (error) {
        this.connection = undefined;
        destroyConnection(connection);
        if (this.stopped) break;
        observer.failed(this.role, lastError ?? thrownError(error), attempt);
      }
      if (!this.stopped && attempt > 0) await this.pause(backoff(attempt, this.settings.maxPause));
    }
    this.connection = undefined;
  }

  private async setUp(
    connection: Connection,
    ended: Promise<void>,
    lastError: () => Error | undefined,
  ): Promise<void> {
    const limit = deadline(SETUP_TIMEOUT, 'Redis did not answer in time');
    const aborted = new Promise<never>(
      (_, reject) => (this.wake = () => reject(new Error('stopped'))),
    );
    const gone = ended.then(() => {
      throw lastError() ?? new Error('connection to Redis ended');
    });
    const outcome = async (): Promise<void> => {
      await connection.connect();
      this.watchdog = new Watchdog(HEARTBEAT, PATIENCE, TICK, performance.now());
      this.connection = connection;
      await this.hooks.up(connection);
    };
    const attempt = outcome();
    try {
      await Promise.race([attempt, limit.promise, aborted, gone]);
    } finally {
      limit.cancel();
      this.wake = noop;
      for (const loser of [attempt, aborted, gone]) loser.catch(noop);
    }
  }

  /** Resolves when the connection is gone. */
  private async watch(connection: Connection, ended: Promise<void>): Promise<void> {
    const watchdog = this.watchdog as Watchdog;
    const timer = setInterval(() => {
      const verdict = watchdog.tick(performance.now(), this.blocking);
      if (verdict === 'dead') destroyConnection(connection);
      else if (verdict === 'ping') this.command('ping', []).catch(noop);
    }, TICK);
    await ended;
    clearInterval(timer);
    this.connection = undefined;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** In place of the promise of a command that is done. */
const SETTLED = Promise.resolve();
const REPLY_AS_TEXT = { replyEncoding: 'utf8' } as const;

/** 50 ms doubling, each with up to half of itself taken off so that a fleet spreads out. */
function backoff(attempt: number, maxPause: number): number {
  const full = Math.min(maxPause, FIRST_PAUSE * 2 ** Math.min(attempt - 1, 20));
  return full * (1 - Math.random() / 2);
}

function deadline(ms: number, message: string): { promise: Promise<never>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  promise.catch(noop);
  return { promise, cancel: () => clearTimeout(timer) };
}

function noop(): void {}

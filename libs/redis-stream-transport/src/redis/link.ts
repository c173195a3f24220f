import { Command } from 'ioredis';
import { Attempt } from './attempt.js';
import { destroyConnection, type Connection } from './connect.js';
import { withHint } from './cluster/hint.js';
import { CommandFailure, toFailure } from './failure.js';
import { backoff } from './pauses.js';
import { Waits } from './waits.js';
import { prepareConnection } from './prepare-connection.js';
import { runIdOf } from './server-identity.js';
import { Watchdog } from './watchdog.js';
import type { LeadingLink, LinkHooks, LinkRole, LinkSettings } from './link-settings.js';

export type { LinkHooks, LinkObserver, LinkRole, LinkSettings } from './link-settings.js';

/** Milliseconds without traffic after which a connection is tested with a PING. */
const HEARTBEAT = 3000;
/** Milliseconds that an answer may take. After them the connection counts as dead. */
const PATIENCE = 3500;
/** Milliseconds between two looks at the connection. A silence is noticed after the sum of all three at the latest. */
const TICK = 250;
/**
 * Milliseconds for connecting, unless the user sets a longer `connectTimeout`, and for each of the first commands: a
 * server that stands still takes connections and answers nothing.
 */
const SETUP_TIMEOUT = 4000;
/** Milliseconds for finding the server and asking for credentials. */
const PREPARE_TIMEOUT = 10_000;
/**
 * How often the first commands are sent on one connection while Redis refuses them. Redis may accept them later, and a
 * new connection costs both sides more. After that many, a new connection may reach another server.
 */
const ASKS = 6;
/** Milliseconds that a connection must have lived if the next one is to be made without a pause. */
const SHORT_LIFE = 1000;
/** Milliseconds that are left for answers on their way when this side gives a connection up. */
const LAST_ANSWERS = 250;

/**
 * A supervised connection. It replaces its ioredis object whenever that ends or makes no progress, until it is stopped.
 * The pauses between attempts grow until a connection has lived for a while, and have jitter. A command goes to the
 * connection of the moment or fails at once: nothing is queued here.
 */
export class Link implements LeadingLink {
  private connection: Connection | undefined;
  private watchdog: Watchdog | undefined;
  private stopped = true;
  private running: Promise<void> = Promise.resolve();
  private readonly waits = new Waits(SETUP_TIMEOUT, () => this.stopped);
  private blocking = 0;
  /** Attempts since a connection last lived. */
  private tries = 0;
  private ready = false;
  private failure: Error | undefined;
  /** Why this side ends the present connection. */
  private reason: Error | undefined;
  /** Ends a connection that was given up without waiting longer for its last answers. */
  private endNow: (() => void) | undefined;
  /** To be told once when this is ready, and each time. */
  private readonly waiting: (() => void)[] = [];
  private readonly followers: (() => void)[] = [];
  /** Identity of the server that the present connection is to. */
  private runId: string | undefined;

  constructor(
    readonly role: LinkRole,
    private readonly settings: LinkSettings,
    private readonly hooks: LinkHooks,
  ) {
    settings.ahead?.whenReady(() => this.agree(false));
  }

  get isUp(): boolean {
    return this.connection !== undefined;
  }

  /** The present ioredis object, for `unwrap()` and for events. */
  get current(): Connection | undefined {
    return this.connection;
  }

  /** Why there is no connection; undefined if there is one, and until the first attempt has failed. */
  get obstacle(): Error | undefined {
    return this.failure;
  }

  get isTrying(): boolean {
    return this.failure !== undefined && !this.stopped;
  }

  get server(): string | undefined {
    return this.ready ? this.runId : undefined;
  }

  afterTrying(callback: () => void): void {
    this.waiting.push(callback);
  }

  whenReady(callback: () => void): void {
    this.followers.push(callback);
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.running = this.supervise();
  }

  /** Closes the connection and ends supervision. Idempotent. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waits.wake();
    this.endNow?.();
    this.recycle('closed');
    await this.running;
  }

  /** Throws the connection away, so that a new one is made. */
  recycle(reason: string): void {
    this.giveUp(new Error(reason), 0);
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
      if (failure.moved && connection === this.connection) this.moved(failure);
      throw failure;
    } finally {
      watchdog.answered(performance.now());
      // A finished command can outlive two small collections, with all that it holds: the data of a turn's calls, and
      // their replies. Emptying it spares a client a third of the time that its collections take.
      command.args = [];
      command.promise = SETTLED;
      if (this.endNow !== undefined && watchdog.isIdle) this.endNow();
    }
  }

  leaveServer(failure: CommandFailure): void {
    if (this.ready) this.giveUp(failure, LAST_ANSWERS);
  }

  private moved(failure: CommandFailure): void {
    this.leaveServer(failure);
    if (failure.demoted) this.settings.ahead?.leaveServer(failure);
  }

  /** @param patience milliseconds for answers that are on their way: a refusal says that nothing was done */
  private giveUp(reason: Error, patience: number): void {
    const { connection } = this;
    if (connection === undefined) return;
    this.reason ??= reason;
    this.failure = reason;
    if (patience === 0 || this.watchdog?.isIdle === true) {
      destroyConnection(connection);
      return;
    }
    this.connection = undefined;
    const timer = setTimeout(() => this.endNow?.(), patience);
    this.endNow = () => {
      clearTimeout(timer);
      this.endNow = undefined;
      destroyConnection(connection);
    };
  }

  private async supervise(): Promise<void> {
    while (!this.stopped) {
      await this.aheadGotThrough();
      if (this.stopped) break;
      await this.live();
      this.settings.keeper?.ended(this);
      this.settings.server?.doubt();
      if (this.stopped || this.tries === 0) continue;
      await this.waits.pause(backoff(this.tries, this.settings.maxPause));
    }
    this.connection = undefined;
  }

  /** Makes one connection, and resolves when it has ended. */
  private async live(): Promise<void> {
    const { observer, maxPause } = this.settings;
    let attempt: Attempt | undefined;
    this.reason = undefined;
    try {
      const prepared = prepareConnection(this.settings, this.role);
      attempt = new Attempt(await this.waits.within(prepared, undefined, PREPARE_TIMEOUT));
      await this.setUp(attempt);
    } catch (error) {
      this.connection = undefined;
      attempt?.destroy();
      const refused = error instanceof CommandFailure && error.kind === 'refused';
      if (!this.stopped) this.failed(refused ? error : (attempt?.told ?? toFailure(error)));
      return;
    }
    attempt.began();
    const upSince = performance.now();
    this.ready = true;
    this.failure = undefined;
    observer.ready(this.role);
    for (const told of [...this.waiting.splice(0), ...this.followers]) told();
    this.agree(true);
    await this.watch(attempt);
    this.ready = false;
    this.hooks.down();
    if (this.stopped) return;
    // A connection that lived only for a short time does not count as a success: the next may do the same.
    const lived = performance.now() - upSince;
    this.tries = lived < Math.max(SHORT_LIFE, maxPause) ? this.tries + 1 : 0;
    this.failure = this.reason ?? attempt.told ?? new Error('the connection to Redis ended');
    observer.closed(this.role, this.failure);
  }

  private async setUp(attempt: Attempt): Promise<void> {
    const { connection, ended } = attempt;
    const gone = ended.then(() => {
      throw attempt.told ?? new Error('the connection to Redis ended');
    });
    gone.catch(noop);
    const patience = Math.max(SETUP_TIMEOUT, connection.options.connectTimeout ?? 0);
    await this.waits.within(connection.connect(), gone, patience);
    attempt.passed();
    this.runId = await this.waits.within(runIdOf(connection), gone);
    const { keeper } = this.settings;
    if (keeper !== undefined) await this.waits.within(keeper.opened(this, connection), gone);
    for (let asked = 1; ; asked++) {
      this.watchdog = new Watchdog(HEARTBEAT, PATIENCE, TICK, performance.now());
      this.connection = connection;
      try {
        await this.waits.within(this.hooks.up(connection), gone);
        return;
      } catch (error) {
        const failure = toFailure(error);
        if (asked === ASKS || failure.kind !== 'refused' || this.stopped) throw failure;
        this.connection = undefined;
        this.failed(failure);
      }
      await Promise.race([this.waits.pause(backoff(this.tries, this.settings.maxPause)), ended]);
      this.waits.wake();
    }
  }

  private failed(error: Error): void {
    this.tries++;
    this.failure = withHint(error, this.settings.server !== undefined);
    this.settings.observer.failed(this.role, this.failure, this.tries);
  }

  /** Resolves when the connection is gone. */
  private async watch({ connection, ended }: Attempt): Promise<void> {
    const watchdog = this.watchdog as Watchdog;
    const timer = setInterval(() => {
      const verdict = watchdog.tick(performance.now(), this.blocking);
      if (verdict === 'ping') this.command('ping', []).catch(noop);
      if (verdict !== 'dead') return;
      this.reason ??= new Error('Redis gave no sign of life');
      destroyConnection(connection);
    }, TICK);
    await ended;
    clearInterval(timer);
    this.connection = undefined;
    this.endNow?.();
  }

  /** Waits while the link ahead cannot connect: all roles would fail alike, so one is enough to find out. */
  private async aheadGotThrough(): Promise<void> {
    const { ahead } = this.settings;
    if (ahead?.isTrying === true) await this.waits.until((tell) => ahead.afterTrying(tell));
  }

  /** All connections of a shard must be to one server. Whichever found its server later knows better. */
  private agree(later: boolean): void {
    const [mine, theirs] = [this.server, this.settings.ahead?.server];
    if (mine === undefined || theirs === undefined || mine === theirs) return;
    const reason = 'another connection has reached another server';
    if (later) this.settings.ahead?.leaveServer(new CommandFailure('refused', 'MOVED', reason));
    else this.recycle(reason);
  }
}

/** Takes the place of the promise of a finished command. */
const SETTLED = Promise.resolve();
const REPLY_AS_TEXT = { replyEncoding: 'utf8' } as const;
const noop = (): void => {};

import { Command } from 'ioredis';
import type { Connection } from './connect.js';
import { withHint } from './cluster/hint.js';
import { CommandFailure, toFailure } from './failure.js';
import { backoff } from './pauses.js';
import { ownTurn } from './turns.js';
import { Waits } from './waits.js';
import { SETUP_TIMEOUT } from './connections/open-connection.js';
import { disagreement } from './server-identity.js';
import type { ConnectionPart } from './connections/shared-connections.js';
import { takePart } from './connections/take-part.js';
import { HEARTBEAT, PATIENCE, TICK, Watchdog } from './watchdog.js';
import type { LeadingLink, LinkHooks, LinkRole, LinkSettings } from './link-settings.js';

export type { LinkHooks, LinkObserver, LinkRole, LinkSettings } from './link-settings.js';

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
 * A supervised connection, or a part of one that shards share. It replaces its ioredis object whenever that ends or makes
 * no progress, until it is stopped.
 * The pauses between attempts grow until a connection has lived for a while, and have jitter. A command goes to the
 * connection of the moment or fails at once: nothing is queued here.
 */
export class Link implements LeadingLink {
  private part: ConnectionPart | undefined;
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
    this.renew('closed');
    await this.running;
  }

  /** Throws the connection away, for all that share it, so that a new one is made. */
  recycle(reason: string): void {
    if (this.connection !== undefined) this.part?.retire();
    this.giveUp(new Error(reason), 0, true);
  }

  /** Connects anew. Who else shares the connection keeps it. */
  renew(reason: string): void {
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

  leaveServer(failure: CommandFailure, wrongServer = failure.steppedDown): void {
    if (!this.ready) return;
    // Who comes next must not get a part of the same connection.
    if (wrongServer) this.part?.retire();
    this.giveUp(failure, LAST_ANSWERS);
  }

  private moved(failure: CommandFailure): void {
    this.leaveServer(failure);
    if (failure.demoted) this.settings.ahead?.leaveServer(failure);
  }

  /**
   * @param patience milliseconds for answers that are on their way: a refusal says that nothing was done
   * @param forAll ends the connection also for those who share it
   */
  private giveUp(reason: Error, patience: number, forAll = false): void {
    const { connection, part } = this;
    if (connection === undefined || part === undefined) return;
    this.reason ??= reason;
    this.failure = reason;
    if (patience === 0 || this.watchdog?.isIdle === true) {
      if (forAll) part.destroy();
      else part.leave();
      return;
    }
    this.connection = undefined;
    const timer = setTimeout(() => this.endNow?.(), patience);
    this.endNow = () => {
      clearTimeout(timer);
      this.endNow = undefined;
      // An answer that comes later must find nobody.
      if (this.watchdog?.isIdle === true) part.leave();
      else part.destroy();
    };
  }

  private async supervise(): Promise<void> {
    while (!this.stopped) {
      await this.aheadGotThrough();
      if (this.stopped) break;
      await this.live();
      this.settings.keeper?.ended(this);
      this.settings.server?.doubt();
      if (!this.stopped && this.tries > 0)
        await this.waits.pause(backoff(this.tries, this.settings.maxPause));
      if (!this.stopped) await ownTurn();
    }
    this.connection = undefined;
  }

  /** Makes one connection, and resolves when it has ended. */
  private async live(): Promise<void> {
    const { observer, maxPause } = this.settings;
    let part: ConnectionPart | undefined;
    this.reason = undefined;
    try {
      this.part = part = await takePart(this.settings, this.role, this.waits);
      await this.setUp(part);
    } catch (error) {
      this.connection = undefined;
      part?.leave();
      const refused = error instanceof CommandFailure && error.kind === 'refused';
      if (!this.stopped) this.failed(refused ? error : (part?.attempt.told ?? toFailure(error)));
      return;
    }
    const { attempt } = part;
    attempt.began();
    const upSince = performance.now();
    this.ready = true;
    this.failure = undefined;
    observer.ready(this.role);
    for (const told of [...this.waiting.splice(0), ...this.followers]) told();
    this.agree(true);
    await this.watch(part);
    this.ready = false;
    this.hooks.down();
    if (this.stopped) return;
    // A connection that lived only for a short time does not count as a success: the next may do the same.
    const lived = performance.now() - upSince;
    this.tries = lived < Math.max(SHORT_LIFE, maxPause) ? this.tries + 1 : 0;
    this.failure = this.reason ?? attempt.told ?? new Error('the connection to Redis ended');
    observer.closed(this.role, this.failure);
  }

  private async setUp({ attempt, connection, ended, runId }: ConnectionPart): Promise<void> {
    const gone = attempt.gone(ended);
    this.runId = runId;
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
  private async watch(part: ConnectionPart): Promise<void> {
    const watchdog = this.watchdog as Watchdog;
    const timer = setInterval(() => {
      const verdict = watchdog.tick(performance.now(), this.blocking);
      if (verdict === 'ping') this.command('ping', []).catch(noop);
      if (verdict !== 'dead') return;
      this.reason ??= new Error('Redis gave no sign of life');
      part.destroy();
    }, TICK);
    await part.ended;
    clearInterval(timer);
    this.connection = undefined;
    this.endNow?.();
  }

  /** Waits while the link ahead cannot connect: all roles would fail alike, so one is enough to find out. */
  private async aheadGotThrough(): Promise<void> {
    const { ahead } = this.settings;
    if (ahead?.isTrying === true) await this.waits.until((tell) => ahead.afterTrying(tell));
  }

  /**
   * All connections of a shard must be to one server. Whichever found its server later knows better. In a Cluster other
   * shards may be right where they are.
   */
  private agree(later: boolean): void {
    const { ahead, server } = this.settings;
    const failure = disagreement(this.server, ahead?.server);
    if (failure !== undefined) (later ? ahead : this)?.leaveServer(failure, server === undefined);
  }
}

/** Takes the place of the promise of a finished command. */
const SETTLED = Promise.resolve();
const REPLY_AS_TEXT = { replyEncoding: 'utf8' } as const;
const noop = (): void => {};

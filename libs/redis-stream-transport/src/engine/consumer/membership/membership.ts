import { RedisStreamsError } from '../../../errors.js';
import { visible } from '../../../protocol/visible.js';
import { CommandFailure } from '../../../redis/failure.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { pause } from '../../clock.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { ShardContext } from './shard-context.js';
import { thrownText } from '../../../thrown.js';

/** Milliseconds for which it waits until other groups leave what they answer by wildcards. */
const YIELDING = 10_000;
/** Milliseconds between two looks whether they have: at first, and at most. They double: each tells all names again. */
const YIELD_AGAIN = 50;
const YIELD_PAUSE = 1000;
/** Milliseconds until a failed join is tried again. */
const RETRY_AFTER = 250;

export interface MembershipHooks {
  /** Ensures that all groups exist. `strict`: also reject when Redis refuses. */
  ensureGroups(strict: boolean): Promise<void>;
  /** The instance has joined under a new name. */
  registered(): void;
  /** Cleans up what belongs to the consumer, before the tombstone. */
  leaving(): Promise<unknown>;
}

/** Joins the group, leaves it, and joins again under a new name when this process was taken for dead. */
export class Membership {
  isRegistered = false;
  /** Why it could not join, as far as it tries again by itself. */
  obstacle: Error | undefined;
  /** A lease was taken, or may have been: it must be given back. */
  private mayHold = false;
  private stopping = false;
  private joining: Promise<void> | undefined;

  constructor(
    private readonly context: ShardContext,
    private readonly keeper: LeaseKeeper,
    private readonly leases: LeaseBroker,
    private readonly hooks: MembershipHooks,
  ) {
    context.identity.whenDoubted((kind) => {
      if (kind === 'fenced') this.fenced();
      else void keeper.renew();
    });
  }

  /**
   * Joins the group. Tries again while Redis cannot be reached.
   * @param whenUp resolves when there is a connection
   * @throws RedisStreamsError GROUP_CONFLICT: another live group answers one of the patterns; REDIS: Redis
   * refuses something for good, for instance because a permission is missing; INVALID_OPTION: Redis may evict
   * keys, and `requireNoEviction` is set
   */
  async join(whenUp: () => Promise<void>): Promise<void> {
    this.stopping = false;
    for (;;) {
      await whenUp();
      try {
        await this.checkEviction();
        await this.register(true);
        this.obstacle = undefined;
        return;
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        if (!error.passing) throw new RedisStreamsError('REDIS', error.message, { cause: error });
        this.obstacle = error;
        await pause(this.context.clock, RETRY_AFTER);
      }
    }
  }

  /** The lease holds another token or a tombstone: other instances take over all that was held. */
  private fenced(): void {
    if (this.stopping || this.joining !== undefined) return;
    const { identity, logger, options } = this.context;
    const { consumer } = identity;
    this.isRegistered = false;
    identity.replace();
    this.context.diagnostics.leaseLost(consumer, identity.consumer);
    logger.warn(
      'LEASE_LOST',
      `this instance (${consumer}) was taken for dead by another of ${options.group}; ` +
        `what it held is theirs, and it continues as ${identity.consumer}`,
    );
    this.joining = this.joinAgain().finally(() => {
      this.joining = undefined;
    });
  }

  /** Leaves a tombstone, so that other instances take over at once what was not finished. */
  async leave(): Promise<void> {
    this.stopping = true;
    this.keeper.stop();
    const mayHold = this.mayHold && this.context.isUp;
    this.isRegistered = false;
    if (!mayHold) return;
    this.mayHold = false;
    // A failed step must not stop the next: without a tombstone others notice only when the lease has ended.
    await this.step('could not clean up before it left', () => this.hooks.leaving());
    await this.step('left without a word, others take over later', async () => {
      await this.keeper.release();
      await this.leases.nudge('left');
    });
  }

  private async step(failed: string, step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.context.logger.warn(`LEAVE_INCOMPLETE ${failed}`, `${failed}: ${thrownText(error)}`);
    }
  }

  private async register(check: boolean): Promise<void> {
    this.mayHold = true;
    await this.keeper.take();
    let conflict = await this.keeper.announce(check);
    const late = this.context.clock.now() + YIELDING;
    let wait = YIELD_AGAIN;
    while (conflict?.yields === true && this.context.clock.now() < late && !this.stopping) {
      await pause(this.context.clock, wait);
      wait = Math.min(2 * wait, YIELD_PAUSE);
      conflict = await this.keeper.announce(check);
    }
    if (conflict !== undefined) {
      this.mayHold = false;
      await this.keeper.release();
      throw new RedisStreamsError(
        'GROUP_CONFLICT',
        `group ${visible(conflict.group)} answers requests of ${conflict.pattern} already; ` +
          'instances of one service share a group, and a request has one answering service',
        { pattern: conflict.pattern },
      );
    }
    await this.hooks.ensureGroups(check);
    this.isRegistered = true;
  }

  /** A Redis that evicts keys may drop streams, leases or caller records: calls are lost then. */
  private async checkEviction(): Promise<void> {
    const policy = await this.leases.evictionPolicy().catch(() => undefined);
    if (policy === 'noeviction') return;
    const found = policy === undefined ? 'cannot be read' : `is ${policy}`;
    const text = `maxmemory-policy ${found}; it must be noeviction`;
    if (policy !== undefined && this.context.options.requireNoEviction) {
      throw new RedisStreamsError('INVALID_OPTION', `option "requireNoEviction": ${text}`);
    }
    this.context.logger.warn('EVICTION_POLICY', text);
  }

  private async joinAgain(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.register(false);
        this.hooks.registered();
        return;
      } catch (error) {
        this.context.logger.warn(
          'LEASE_NOT_TAKEN',
          `cannot take a lease yet: ${thrownText(error)}`,
        );
        await pause(this.context.clock, RETRY_AFTER);
      }
    }
  }
}

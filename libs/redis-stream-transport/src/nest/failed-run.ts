import type { RetryPolicy } from '../options/index.js';
import { thrownFacts, thrownText, type Thrown } from '../thrown.js';
import { isFinal } from './final-error.js';
import { keptOf, originalOf } from './original-error.js';
import type { RedisStreamsContext } from './redis-streams.context.js';
import { DeadLetter, RetryLater } from './retry-later.js';

/** A failed run of a handler: what it threw, and what Nest's filters made of that. */
export class FailedRun {
  private readonly original: unknown;

  constructor(
    context: RedisStreamsContext,
    /** What Nest's filters made of it. */
    readonly told: unknown,
  ) {
    this.original = originalOf(context, told);
  }

  /** In words, for the dead letter. */
  get detail(): string {
    const instructed = RetryLater.is(this.told) || DeadLetter.is(this.told);
    return thrownText(instructed ? this.told : this.original);
  }

  /** What a dead letter keeps beside the words. */
  get kept(): Thrown | undefined {
    return keptOf(this.original);
  }

  /** With those of its causes, at most 4,096 characters. */
  get stack(): string | undefined {
    return thrownFacts(this.original).stack;
  }

  /**
   * Whether every further attempt would fail too: what was thrown says so, or the policy's `unless` does. An
   * `unless` that throws counts as false.
   */
  isFinal({ unless }: Pick<RetryPolicy, 'unless'>, complain: (message: string) => void): boolean {
    if (isFinal(this.told) || isFinal(this.original)) return true;
    if (unless === undefined) return false;
    try {
      const says: unknown = unless(this.original);
      if (typeof says === 'boolean') return says;
      if (says instanceof Promise) says.catch(() => undefined);
      complain(`retry.unless must return true or false at once, and returned ${typeof says}`);
    } catch (error) {
      complain(`retry.unless failed: ${thrownText(error)}`);
    }
    return false;
  }
}

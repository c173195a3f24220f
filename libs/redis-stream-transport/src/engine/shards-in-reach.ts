import type { Clock } from './clock.js';
import type { RateLimitedLogger } from './rate-limited-logger.js';

/** How many of the shards can be used. */
export type Reach = 'all' | 'some' | 'none';

/** A shard of a client or a server, as far as its start is concerned. */
export interface ReachableShard {
  /** Its `tag` names it in the log. */
  readonly keys: { readonly tag: string };
  readonly isUp: boolean;
  /** Why it cannot be used, if that is known. */
  readonly obstacle: Error | undefined;
}

export interface ShardsInReachParts {
  readonly shards: () => readonly ReachableShard[];
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
  /** The reach has changed. The first time is when the start is over. */
  readonly tell: (reach: Reach) => void;
}

/** Milliseconds that the other shards have when one is up, before the start goes on without those that failed. */
const PATIENCE = 2000;
/** Milliseconds between two looks meanwhile. */
const LOOK = 250;

/**
 * Knows how many shards can be used, and when a start is over: when all shards are up, or when some are and each of the
 * others has failed. So a dead master stops its own shards only.
 */
export class ShardsInReach {
  /** Settles when the start is over. */
  readonly begun: Promise<void>;
  private resolve: () => void = noop;
  private reject: (error: unknown) => void = noop;
  private told: Reach = 'none';
  private over = false;
  private cancel: (() => void) | undefined;

  constructor(private readonly parts: ShardsInReachParts) {
    this.begun = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.begun.catch(noop);
  }

  get hasBegun(): boolean {
    return this.over;
  }

  /** Some shards can be used, or all of them. Until the start is over it takes all. */
  get isUp(): boolean {
    return this.told !== 'none';
  }

  /** Each shard has failed and none is up. */
  get isHopeless(): boolean {
    return this.parts.shards().every(({ isUp, obstacle }) => !isUp && obstacle !== undefined);
  }

  /** A shard came up or went down, or may have. */
  changed(): void {
    const reach = this.reachNow();
    if (!this.over) {
      if (reach === 'all') this.begin();
      else if (reach === 'some') this.cancel ??= this.lookLater(PATIENCE);
    }
    this.show(this.over || reach !== 'some' ? reach : 'none');
    if (this.over) this.resolve();
  }

  /** The start has failed. */
  fail(error: unknown): void {
    this.stop();
    this.reject(error);
  }

  /** Tells nothing more until a shard changes. */
  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.told = 'none';
  }

  private begin(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.over = true;
  }

  private lookLater(ms: number): () => void {
    return this.parts.clock.after(ms, () => {
      this.cancel = undefined;
      const missing = this.parts.shards().filter(({ isUp }) => !isUp);
      if (this.reachNow() === 'none') return;
      if (missing.some(({ obstacle }) => obstacle === undefined)) {
        this.cancel = this.lookLater(LOOK);
        return;
      }
      if (missing.length > 0) this.parts.logger.warn('SHARDS_MISSING', this.missingLine(missing));
      this.begin();
      this.changed();
    });
  }

  private reachNow(): Reach {
    const shards = this.parts.shards();
    if (shards.every(({ isUp }) => isUp)) return 'all';
    return shards.some(({ isUp }) => isUp) ? 'some' : 'none';
  }

  private show(reach: Reach): void {
    if (reach === this.told) return;
    if (this.told === 'some' && reach === 'all') {
      this.parts.logger.log(
        'SHARDS_ALL',
        `all ${this.parts.shards().length} shards can be used now`,
      );
    }
    this.told = reach;
    this.parts.tell(reach);
  }

  /** Which shards are missing and why; shards with the same reason stand together. */
  private missingLine(missing: readonly ReachableShard[]): string {
    const tags = new Map<string, string[]>();
    for (const { keys, obstacle } of missing) {
      const reason = obstacle?.message ?? '';
      tags.set(reason, [...(tags.get(reason) ?? []), keys.tag]);
    }
    const reasons = [...tags].map(([reason, each]) => `${each.join(', ')}: ${reason}`);
    const count = `${missing.length} of ${this.parts.shards().length} shards`;
    return `goes on without ${count} and tries them again: ${reasons.join('; ')}`;
  }
}

function noop(): void {}

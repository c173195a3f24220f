import { REPLY } from '../../../protocol/frame.js';
import { untilText, type Pause } from '../../../protocol/pause.js';
import { visible } from '../../../protocol/visible.js';
import type { Clock } from '../../clock.js';
import type { RateLimitedLogger } from '../../rate-limited-logger.js';
import type { ConsumerDiagnostics } from '../consumer-diagnostics.js';
import type { Patterns } from '../intake/patterns.js';
import type { Delivery } from './delivery.js';

export interface PausesHooks {
  /** Redis' clock, milliseconds. */
  redisNow(): number;
  /** Entries that were read and have not started. */
  waiting(): readonly Delivery[];
  /** Something may start, or be read, that could not; or the opposite. */
  changed(): void;
}

export interface PausesParts {
  readonly patterns: Patterns;
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
  readonly diagnostics: ConsumerDiagnostics;
  readonly hooks: PausesHooks;
}

/** What one shard notes. */
interface Noted {
  readonly patterns: ReadonlyMap<string, Pause>;
  /** Of this instance. */
  readonly own: Pause | undefined;
}

/** JSON of what a caller is told whose call is refused. */
export function pausedFault(pattern: string, pause: Pause): string {
  const message = `${pattern} is paused${untilText(pause)}`;
  const { until } = pause;
  return JSON.stringify({ code: 'PAUSED', message, outcome: 'not-run', until });
}

/** Its handlers have certainly not run: only then may a call be refused. */
export const mayBeRefused = ({ isRequest, history }: Delivery): boolean =>
  isRequest && history.deliveries === 1 && history.attempts === 0;

/**
 * What operators have paused for the service of this process: a pattern, of which nothing new starts (rule L27), or all
 * that the instance would take. A pattern is paused if one shard says so.
 */
export class Pauses {
  private readonly noted = new Map<number, Noted>();
  private own: Pause | undefined;
  private cancelTimer: () => void = () => undefined;

  constructor(private readonly parts: PausesParts) {}

  /** This instance takes nothing new. */
  get holdsInstance(): boolean {
    return this.own !== undefined;
  }

  /** @param own pause of this instance */
  learned(shard: number, patterns: ReadonlyMap<string, Pause>, own: Pause | undefined): void {
    this.noted.set(shard, { patterns, own });
    this.apply();
  }

  /** Ends entries that wait although their time is over, or that are refused. */
  sweep(): void {
    if (!this.parts.patterns.hasPauses) return;
    const now = this.parts.hooks.redisNow();
    for (const delivery of this.parts.hooks.waiting().slice()) {
      const { pause, spec } = delivery.pattern;
      if (pause === undefined || delivery.ended) continue;
      if (!mayBeRefused(delivery)) delivery.pattern.isOwing = true;
      if (now >= delivery.deadline) delivery.unstarted('deadline');
      else if (pause.refuses && mayBeRefused(delivery))
        delivery.reply(REPLY.fault, pausedFault(spec.pattern, pause), true);
    }
  }

  stop(): void {
    this.cancelTimer();
  }

  private apply(): void {
    const { patterns, clock, hooks } = this.parts;
    const now = hooks.redisNow();
    let ends = Number.POSITIVE_INFINITY;
    const holds = (pause: Pause | undefined): pause is Pause => {
      if (pause?.until !== undefined && pause.until > now) ends = Math.min(ends, pause.until);
      return pause !== undefined && (pause.until === undefined || pause.until > now);
    };
    const paused = new Map<string, Pause>();
    let own: Pause | undefined;
    for (const noted of this.noted.values()) {
      for (const [pattern, pause] of noted.patterns) if (holds(pause)) paused.set(pattern, pause);
      if (holds(noted.own)) own = noted.own;
    }
    for (const [pattern, pause] of patterns.pause(paused)) this.tell(pattern, pause);
    if ((own === undefined) !== (this.own === undefined)) this.tellOwn(own);
    this.own = own;
    this.cancelTimer();
    this.cancelTimer =
      ends === Number.POSITIVE_INFINITY
        ? () => undefined
        : clock.after(ends - now, () => this.apply());
    this.sweep();
    hooks.changed();
  }

  private tell(pattern: string, pause: Pause | undefined): void {
    const { logger, diagnostics } = this.parts;
    if (pause === undefined) {
      logger.log(`PATTERN_RESUMED ${pattern}`, `resumed: ${visible(pattern)}`);
      diagnostics.patternResumed(pattern);
      return;
    }
    const calls = pause.refuses ? 'calls are refused (PAUSED)' : 'calls wait';
    logger.warn(
      `PATTERN_PAUSED ${pattern}`,
      `paused${untilText(pause)}: ${visible(pattern)}: nothing of it starts, ${calls}${why(pause)}`,
    );
    diagnostics.patternPaused(pattern, pause);
  }

  private tellOwn(own: Pause | undefined): void {
    const { logger } = this.parts;
    if (own === undefined)
      logger.log('INSTANCE_RESUMED', 'resumed: this instance takes work again');
    else
      logger.warn(
        'INSTANCE_PAUSED',
        `paused${untilText(own)}: this instance takes nothing new; what it has goes on${why(own)}`,
      );
  }
}

const why = ({ reason }: Pause): string => (reason === '' ? '' : `; ${visible(reason)}`);

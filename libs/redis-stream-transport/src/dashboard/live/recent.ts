import {
  patternStatistics,
  totalStatistics,
  type HandledTotals,
  type Statistics,
} from '../../operate/index.js';

/** Milliseconds between two of the looks with which the last one is compared: figures are of once to twice as long. */
const SPAN = 30_000;

/** What handlers have done. */
export interface Handled {
  /** Milliseconds that they took, to about 10 %; undefined: none has ended. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly ended: number;
  /** Of these: the handler failed, the transport refused, or a dead letter; neither PAUSED nor CANCELLED. */
  readonly errors: number;
  /** Milliseconds in which this happened. */
  readonly over: number;
  /** In the last minute; false: nothing has ended then, and this is since the instances were started. */
  readonly isRecent: boolean;
}

/** What handlers have done, by service and pattern, and all together. */
export interface HandledBy {
  of(service: string, pattern: string): Handled | undefined;
  readonly all: Handled | undefined;
}

export const NOTHING_KNOWN: HandledBy = { of: () => undefined, all: undefined };

/** Turns one look after another at what instances have done into what they did lately. */
export class Recent {
  private older: Statistics | undefined;
  private newer: { readonly at: number; readonly statistics: Statistics } | undefined;

  /** @param at monotonic time of the look, in milliseconds */
  since(now: Statistics, at: number): HandledBy {
    const whole = byName(now, undefined);
    const lately =
      this.older === undefined ? new Map<string, HandledTotals>() : byName(now, this.older);
    const all = this.older === undefined ? undefined : totalStatistics(now, this.older);
    this.keep(now, at);
    return {
      of: (service, pattern) => {
        const name = JSON.stringify([service, pattern]);
        return handled(lately.get(name), whole.get(name));
      },
      all: handled(all, totalStatistics(now)),
    };
  }

  private keep(now: Statistics, at: number): void {
    if (this.newer !== undefined && at - this.newer.at < SPAN) return;
    // Who did not answer this time is compared with what it said before.
    const said = new Set(now.instances.map(({ consumer }) => consumer));
    const missing = (this.newer?.statistics.instances ?? []).filter(
      ({ consumer }) => now.silent.includes(consumer) && !said.has(consumer),
    );
    const statistics = { ...now, instances: [...now.instances, ...missing] };
    this.older = this.newer?.statistics ?? statistics;
    this.newer = { at, statistics };
  }
}

function byName(now: Statistics, before: Statistics | undefined): Map<string, HandledTotals> {
  return new Map(
    patternStatistics(now, before).map((one) => [JSON.stringify([one.service, one.pattern]), one]),
  );
}

function handled(
  lately: HandledTotals | undefined,
  whole: HandledTotals | undefined,
): Handled | undefined {
  const isRecent = lately !== undefined && lately.ended > 0;
  const known = isRecent ? lately : whole;
  if (known === undefined || known.ended === 0) return undefined;
  const { p50, p99, ended, errors, over } = known;
  return { p50, p99, ended, errors, over, isRecent };
}

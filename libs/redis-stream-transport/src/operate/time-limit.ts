/** How much of a kind was looked at before the time was up. */
export interface Unlooked {
  readonly what: string;
  readonly looked: number;
  /** Undefined where Redis does not say how many there are. */
  readonly of: number | undefined;
}

/**
 * How long reads may take. Who makes it asks it afterwards what was not looked at: reads give what they have when the time
 * is up.
 *
 * @example
 * const limit = new TimeLimit(5000);
 * const { streams } = await readBacklog(options, limit);
 * console.log(streams, limit.unlooked);
 */
export class TimeLimit {
  private readonly until: number;
  /** It was over before everything had been looked at. */
  ranOut = false;
  private readonly counts = new Map<string, { looked: number; of: number | undefined }>();

  /** @param milliseconds from now on. Default: no limit */
  constructor(readonly milliseconds = Number.POSITIVE_INFINITY) {
    this.until = performance.now() + milliseconds;
  }

  /** The limit itself, or a new one of so many milliseconds. */
  static of(limit: number | TimeLimit): TimeLimit {
    return typeof limit === 'number' ? new TimeLimit(limit) : limit;
  }

  get isOver(): boolean {
    return performance.now() >= this.until;
  }

  /** Notes what a read has looked at, of how many. */
  note(what: string, looked: number, of: number | undefined): void {
    const known = this.counts.get(what);
    const sum = of === undefined || known?.of === undefined ? of : of + known.of;
    if (of === undefined || looked < of) this.ranOut ||= this.isOver;
    this.counts.set(what, { looked: looked + (known?.looked ?? 0), of: sum });
  }

  /** How far the reads came, for people; '' if they looked at everything. */
  get text(): string {
    return this.unlooked
      .map(({ what, looked, of }) =>
        of === undefined
          ? `looked at ${looked} ${what} only`
          : `looked at ${looked} of ${of} ${what}`,
      )
      .join(', ');
  }

  /** What was not all looked at; none: everything was. */
  get unlooked(): Unlooked[] {
    return [...this.counts]
      .filter(([, { looked, of }]) => of === undefined || looked < of)
      .map(([what, { looked, of }]) => ({ what, looked, of }));
  }
}

import { INSTRUMENT_NAMES, instrument, type InstrumentName } from './instruments.js';

/** Values of the labels of an instrument, in its order. */
export type LabelValues = readonly string[];

/** A number that counts up, or a figure of the moment. Whoever records keeps it, so that no label is looked up then. */
export class Count {
  value = 0;

  constructor(readonly labels: LabelValues) {}
}

/** Times in buckets, in seconds. */
export class Times {
  sum = 0;
  /** How many there are in each bucket, not summed up; the last one has no bound. */
  readonly counts: number[];
  /** Gets each time, too. */
  tap: ((seconds: number) => void) | undefined;

  constructor(
    readonly labels: LabelValues,
    private readonly bounds: readonly number[],
  ) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** @param ms milliseconds; less than none counts as none */
  observe(ms: number): void {
    const seconds = ms > 0 ? ms / 1000 : 0;
    const { bounds, counts } = this;
    let i = 0;
    while (i < bounds.length && seconds > (bounds[i] as number)) i++;
    (counts[i] as number)++;
    this.sum += seconds;
    if (this.tap !== undefined) this.tap(seconds);
  }
}

/** All values of one instrument, by their labels. */
interface Family {
  readonly counts: Map<string, Count>;
  readonly times: Map<string, Times>;
}

/**
 * The values of all instruments. They are plain numbers: what exports them reads them when it is asked. Counting in
 * the objects of an exporter takes microseconds, because it looks for the labels each time.
 */
export class Tallies {
  private readonly families = new Map<InstrumentName, Family>();
  private meet: ((name: InstrumentName, times: Times) => void) | undefined;

  constructor() {
    for (const name of INSTRUMENT_NAMES) {
      this.families.set(name, { counts: new Map(), times: new Map() });
    }
  }

  /** The count with these labels; makes it if need be. */
  count(name: InstrumentName, labels: LabelValues = []): Count {
    const { counts } = this.family(name);
    const key = labels.join('\n');
    let known = counts.get(key);
    if (known === undefined) counts.set(key, (known = new Count(labels)));
    return known;
  }

  /** The times with these labels; makes them if need be. */
  times(name: InstrumentName, labels: LabelValues): Times {
    const { times } = this.family(name);
    const key = labels.join('\n');
    let known = times.get(key);
    if (known === undefined) {
      times.set(key, (known = new Times(labels, instrument(name).buckets ?? [])));
      this.meet?.(name, known);
    }
    return known;
  }

  /** Forgets the counts of an instrument. */
  clear(name: InstrumentName): void {
    this.family(name).counts.clear();
  }

  allCounts(name: InstrumentName): Iterable<Count> {
    return this.family(name).counts.values();
  }

  allTimes(name: InstrumentName): Iterable<Times> {
    return this.family(name).times.values();
  }

  /** Is told of times that are recorded from now on, so that they can be tapped. */
  whenMet(meet: (name: InstrumentName, times: Times) => void): void {
    this.meet = meet;
  }

  private family(name: InstrumentName): Family {
    return this.families.get(name) as Family;
  }
}

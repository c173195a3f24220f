import type { RedisStreamsError } from '../../../errors.js';
import type { BatchSection } from '../../../redis/caller-broker.js';
import type { PackPlace } from '../../../redis/lua/pack.js';
import type { EnqueueAnswer, SectionVerdict } from '../../../redis/verdict.js';
import {
  areSeveral,
  layOut,
  type Alike,
  type Laid,
  type LaidSection,
  type SectionNews,
} from './layout.js';
import type { OutgoingEntry } from './outgoing-entry.js';

/**
 * A numbered batch, from its first copy to its verdict. Each copy that is sent is a version of its own: a repeat
 * leaves out what was abandoned meanwhile, and the verdict says which version was applied.
 */
export class PendingBatch {
  /** The sections of each version that was sent. */
  readonly versions: LaidSection[][] = [];
  /** A copy is on its way and was not answered. */
  inFlight = false;
  /** Copies that may have been applied: sent, and not answered with a refusal. */
  private doubtful = 0;
  /** Set when Redis refused it for a reason that does not pass: its number is to be closed. */
  closing: RedisStreamsError | undefined;

  /** @param firstSent monotonic, ms */
  constructor(
    readonly epoch: number,
    readonly number: number,
    readonly entries: readonly OutgoingEntry[],
    readonly firstSent: number,
  ) {}

  /** Each copy was refused or never left: certainly nothing of it was applied. */
  get isUntouched(): boolean {
    return this.doubtful === 0;
  }

  /** The entries that were not abandoned. */
  wanted(): OutgoingEntry[] {
    return this.entries.filter(({ abandoned }) => !abandoned);
  }

  /** A copy was refused, or never left. */
  refused(): void {
    this.doubtful--;
    if (this.isUntouched) for (const entry of this.entries) entry.recalled();
  }

  /** Tells the entries what the copy that was applied did with them. */
  applied(answer: EnqueueAnswer & { readonly kind: 'applied' }, news: SectionNews): void {
    const layout = this.versions[answer.version] ?? [];
    for (let s = 0; s < layout.length; s++) {
      const verdict = answer.sections[s];
      if (verdict === undefined) continue;
      const { section, laid } = layout[s] as LaidSection;
      if (section.asks) {
        const { isEvent } = section;
        const widths = isEvent ? news.eventWidths : news.widths;
        widths.noted(section.pattern, verdict, this.firstSent);
        // In the shard of the pattern alone all who answer it announce themselves.
        if (!isEvent && section.stream === section.pattern)
          news.spread?.(section.pattern, verdict.spread, this.firstSent);
      }
      const { ofClass } = section;
      const isInClass = ofClass !== undefined && verdict.notInClass !== true;
      if (section.schedule === undefined) news.terms.noted(section, verdict, this.firstSent);
      if (verdict.count > 0) news.stored(section.pattern, verdict.count);
      if (isInClass) for (const one of laid.slice(0, verdict.count).flat()) one.isInClass = true;
      for (let i = 0; i < laid.length; i++) tell(laid[i] as Laid, i, verdict);
    }
  }

  /** Certainly nothing of it was applied, or will be. */
  failed(error: RedisStreamsError): void {
    for (const entry of this.wanted()) entry.failed(error);
  }

  /** Whether it was applied will not be known any more. */
  unknown(): void {
    for (const entry of this.wanted()) entry.unknown();
  }

  /** It is not known any more whether a copy that left was applied. */
  taint(): void {
    if (!this.isUntouched) for (const entry of this.entries) entry.tainted = true;
  }

  /** Lays out the next copy. An empty batch is sent all the same: its number must be used. */
  nextVersion(now: number, news: SectionNews): { version: number; sections: BatchSection[] } {
    const alike = groups(this.entries);
    const laid = alike.map((each) => layOut(each, news, now));
    this.versions.push(laid);
    this.doubtful++;
    return { version: this.versions.length - 1, sections: laid.map(({ section }) => section) };
  }
}

/** Groups what is wanted of a batch, in order, and counts the copies. */
function groups(entries: readonly OutgoingEntry[]): Alike[] {
  const [lone] = entries;
  if (lone !== undefined && entries.length === 1 && !lone.abandoned) {
    lone.copies++;
    return [{ first: lone, entries: [lone] }];
  }
  const all: Alike[] = [];
  const byPattern = new Map<string, Alike[]>();
  let last: Alike | undefined;
  for (const entry of entries) {
    if (entry.abandoned) continue;
    if (last === undefined || !isAlike(last.first, entry)) {
      const known = byPattern.get(entry.pattern);
      last = known?.find((one) => isAlike(one.first, entry));
      if (last === undefined) {
        all.push((last = { first: entry, entries: [] }));
        if (known !== undefined) known.push(last);
        else byPattern.set(entry.pattern, [last]);
      }
    }
    last.entries.push(entry);
    entry.copies++;
  }
  return all;
}

function isAlike(one: OutgoingEntry, other: OutgoingEntry): boolean {
  // What has a schedule is told by itself when it is due.
  return (
    one.schedule === undefined &&
    other.schedule === undefined &&
    one.pattern === other.pattern &&
    one.stream === other.stream &&
    one.mode === other.mode &&
    one.once === other.once &&
    one.isEvent === other.isEvent &&
    one.ofClass === other.ofClass &&
    one.hasExtraFields === other.hasExtraFields
  );
}

/** Tells what one entry of a section holds what became of it. */
function tell(laid: Laid, at: number, verdict: SectionVerdict): void {
  if (!areSeveral(laid)) {
    tellOne(laid, at, verdict, undefined);
    return;
  }
  const size = laid.length;
  for (let place = 0; place < size; place++) {
    tellOne(laid[place] as OutgoingEntry, at, verdict, { size, place });
  }
}

function tellOne(
  entry: OutgoingEntry,
  at: number,
  { first, count, refusal, error, unsafe }: SectionVerdict,
  place: PackPlace | undefined,
): void {
  if (at < count) entry.stored(first, at, place, unsafe);
  else if (!entry.abandoned) entry.refused(refusal ?? 'E', error);
}

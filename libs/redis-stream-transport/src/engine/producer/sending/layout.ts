import { NOBODY, packFields } from '../../../protocol/pack.js';
import type { BatchSection } from '../../../redis/caller-broker.js';
import type { OutgoingEntry, Packable } from './outgoing-entry.js';
import type { PackWidths } from './pack-widths.js';
import type { SectionTerms } from './section-terms.js';

/** Milliseconds by which the deadlines of the calls of a pack may differ from its first: it carries the latest. */
const SLACK = 50;
/** Characters of a pack. */
const MAX_LENGTH = 65_536;
/**
 * Characters from which on a call has an entry of its own: to copy it into a pack and out of it costs more than an entry
 * (docs/decisions/0025-packs.md).
 */
const LARGE = 8192;

/** What one entry of a stream holds: an outgoing entry, or several calls as a pack. */
export type Laid = OutgoingEntry | readonly OutgoingEntry[];

/** A section of one version of a batch: what it wants stored, and what stands where in it. */
export interface LaidSection {
  readonly section: BatchSection;
  readonly laid: readonly Laid[];
}

/** Outgoing entries that are treated alike, in their order. */
export interface Alike {
  readonly first: OutgoingEntry;
  readonly entries: OutgoingEntry[];
}

/** What is known of the streams and patterns that a batch goes to. */
export interface SectionNews {
  readonly widths: PackWidths;
  /** The same of events. */
  readonly eventWidths: PackWidths;
  readonly terms: SectionTerms;
  /**
   * Hears over how many streams a pattern was spread at a time (monotonic, ms); undefined where there is one shard.
   */
  readonly spread: ((pattern: string, spread: number | undefined, at: number) => void) | undefined;
  /** Hears how many entries of a pattern were stored. */
  readonly stored: (pattern: string, entries: number) => void;
}

export function layOut({ first, entries }: Alike, news: SectionNews, now: number): LaidSection {
  const { stream, pattern, hasExtraFields } = first;
  const { schedule, ofClass } = first;
  if (schedule !== undefined) {
    const what = { stream, pattern, mode: 0, hasExtraFields, schedule, ofClass } as const;
    return { section: { ...what, entries: [first.fields(now)] }, laid: entries };
  }
  const { isEvent } = first;
  const { terms, spread } = news;
  const widths = isEvent ? news.eventWidths : news.widths;
  const mode = terms.mode(pattern, first.mode, now);
  // Into which stream they go is not known yet.
  const measures = ofClass !== undefined || terms.measures(stream, now);
  // The first speaks for all, unless it is large: most batches are events alone, or calls that may share packs.
  const mayShare = first.size < LARGE ? first.pack !== undefined : entries.some(sharable);
  // A client that emits one event at a time asks for nothing.
  const mayPack = mayShare && !(isEvent && entries.length === 1);
  const asks =
    (mayPack || (spread !== undefined && first.maySpread)) && widths.asks(pattern, entries.length);
  const count = mayPack ? widths.entriesFor(pattern, entries) : entries.length;
  const packs = count === entries.length ? undefined : packed(entries, count);
  // Of events nothing but data need be told apart, as of a lone one.
  const isPlain = isEvent && !hasExtraFields;
  // One literal, because this is made for every batch.
  const section = {
    stream,
    pattern,
    mode,
    asks,
    isEvent,
    measures,
    ofClass,
    hasExtraFields: (packs !== undefined && !isPlain) || hasExtraFields,
    entries:
      packs?.map((one) =>
        areSeveral(one)
          ? packOf(one, now, isPlain)
          : withNames(one.fields(now), hasExtraFields || isPlain),
      ) ?? entries.map((entry) => entry.fields(now)),
  };
  return { section, laid: packs ?? entries };
}

export const areSeveral = (one: Laid): one is readonly OutgoingEntry[] => Array.isArray(one);

/**
 * Puts calls that may travel together into so many packs, in their order. The packs are of the same size, to one call:
 * each instance is to get as much as the others.
 */
function packed(entries: readonly OutgoingEntry[], count: number): Laid[] {
  const laid: Laid[] = [];
  let open: OutgoingEntry[] = [];
  let length = 0;
  const close = (): void => {
    if (open.length > 0) laid.push(open.length === 1 ? (open[0] as OutgoingEntry) : open);
    open = [];
    length = 0;
  };
  /** How many of the packs are over. */
  let over = 0;
  for (const [i, entry] of entries.entries()) {
    const { size } = entry;
    const pack = sharable(entry);
    const known = open[0]?.pack;
    if (pack === undefined) {
      close();
      laid.push(entry);
    } else {
      const fits = length + size <= MAX_LENGTH;
      if (known !== undefined && !(fits && isLike(known, pack))) close();
      open.push(entry);
      length += size;
    }
    const end = Math.floor(((i + 1) * count) / entries.length);
    if (end > over) close();
    over = end;
  }
  close();
  return laid;
}

/** An entry as a part of a pack; undefined: it travels by itself. The size is looked at first: it costs nothing. */
function sharable(entry: OutgoingEntry): Packable | undefined {
  return entry.size < LARGE ? entry.pack : undefined;
}

function isLike(one: Packable, other: Packable): boolean {
  return (
    one.codec === other.codec &&
    one.depth === other.depth &&
    one.once === other.once &&
    (one.caller === NOBODY
      ? one.timeLeft(0) === other.timeLeft(0)
      : Math.abs(one.expiresAt - other.expiresAt) <= SLACK)
  );
}

/** @param isPlain it has two fields, whose names are left out */
function packOf(entries: readonly OutgoingEntry[], now: number, isPlain: boolean): string[] {
  const calls = entries.map(({ pack }) => pack as Packable);
  const { codec, depth, once, caller, lane } = calls[0] as Packable;
  let timeout = caller === NOBODY ? 0 : 1;
  for (const call of calls) timeout = Math.max(timeout, call.timeLeft(now));
  const fields = packFields({ codec, depth, once, caller, timeout, pattern: lane }, calls);
  return isPlain ? [fields[1] as string, fields[3] as string] : fields;
}

/** A field list, also of an entry that has the two fields alone. */
function withNames(fields: readonly string[], hasExtraFields: boolean): readonly string[] {
  const [line = '', data = ''] = fields;
  return hasExtraFields ? fields : ['c', line, 'd', data];
}

import { janitorScript } from '../../../redis/operations/cleaning/clean.js';
import { sweepScript } from '../../../redis/operations/cleaning/sweep.js';
import { before, millisOf } from '../entry-ids.js';
import { isOpen } from '../headers.js';
import { operation, type Answer } from '../operation.js';
import type { Store } from '../store.js';
import { fieldOf, type Stream, type StreamEntry } from '../stream.js';
import { makeKnown } from '../known.js';
import { trimLine, type TrimLine } from './trim-line.js';

/** Notes that one sweep looks at. */
const SAMPLE = 20;

interface Limits {
  /** Handled events to keep, and their age in milliseconds; -1: neither. */
  readonly keep: number;
  readonly age: number;
  readonly page: number;
  readonly after: string;
  readonly stayed: number;
  readonly trim: number;
}

const nothing: Answer = ['0', '0', '', '0'];

/** Entries that were acknowledged at their start, and have not ended. */
function running(store: Store, started: string, counted: ReadonlySet<string>): Set<string> {
  const ids = [...store.hash(started).keys()].flatMap((name) => {
    const [, of = '', id] = /^(.+) (\d+-\d+)$/.exec(name) ?? [];
    return id !== undefined && counted.has(of) ? [id] : [];
  });
  return new Set(ids);
}

/** Removes what every live group has handled, a page of it at a time. */
export const clean = operation(janitorScript, (store, said) => {
  const stream = store.stream(said.stream);
  if (stream === undefined) return nothing;
  if (said.own === '1') makeKnown(store, said.streams, said.name);
  const found = trimLine(store, stream, said);
  const { line } = found;
  if (line === undefined) return nothing;
  const limits: Limits = {
    keep: Number(said.keep),
    age: Number(said.age),
    page: Number(said.page),
    after: said.after,
    stayed: Number(said.stayed),
    trim: Number(said.trim),
  };
  const started = running(store, said.started, found.counted);
  if (!found.eventsOnly) return look(store, stream, { ...found, line }, { limits, started });
  let low = line;
  for (const id of started) if (before(id, low)) low = id;
  return trim(store, stream, { ...found, line: low }, limits);
});

type Line = TrimLine & { readonly line: string };

/** There are events only: they go without a look. */
function trim(store: Store, stream: Stream, { line, unread, idle }: Line, limits: Limits): Answer {
  const { keep, age } = limits;
  const young = age < 0 ? line : `${store.now - age + 1}-0`;
  const old = before(line, young) ? line : young;
  let removed = keep < 0 || age >= 0 ? stream.trimBelow(old, limits.trim) : 0;
  const surplus = stream.length - unread - keep;
  if (removed === 0 && keep >= 0 && surplus > 0)
    removed = stream.trimBelow(line, Math.min(limits.trim, surplus));
  return [String(removed), removed > 0 ? '1' : '0', '', '0', ...idle];
}

/** Events go, and requests that have expired. */
function look(
  store: Store,
  stream: Stream,
  { line, unread, idle }: Line,
  { limits, started }: { readonly limits: Limits; readonly started: ReadonlySet<string> },
): Answer {
  const { keep, age, page, after, stayed } = limits;
  const most = age < 0 ? Number.POSITIVE_INFINITY : 0;
  const above = keep < 0 ? most : stream.length - unread - keep - stayed;
  const from = after === '' ? '-' : `(${after}`;
  const count = age < 0 ? Math.max(0, Math.min(page, above)) : page;
  const stays = ([id, fields]: StreamEntry): boolean =>
    started.has(id) || isOpen(id, fieldOf(fields, 'c') ?? '', store.now);
  const entries = stream.range(from, `(${line}`, count);
  const seen = entries.findIndex(
    ([id], i) => i + 1 > above && (age < 0 || store.now - millisOf(id) < age),
  );
  const looked = seen === -1 ? entries : entries.slice(0, seen);
  const gone = looked.filter((entry) => !stays(entry));
  for (const [id] of gone) stream.delete(id);
  const onward = looked.length === page ? (looked.at(-1)?.[0] ?? '') : '';
  const left = stayed + looked.length - gone.length;
  return [String(gone.length), onward === '' ? '0' : '1', onward, String(left), ...idle];
}

/** Removes notes about entries that are no longer pending, and about packs that are gone. */
export const sweep = operation(sweepScript, (store, { due, stream, part }) => {
  let removed = 0;
  for (const note of [...store.hash(part).keys()].slice(0, SAMPLE)) {
    const [, id = ''] = /^(\d+-\d+)(?: \S+)?$/.exec(note) ?? [];
    if (store.entry(stream, id) === undefined && store.deleteField(part, note)) removed++;
  }
  for (const name of [...store.hash(due).keys()].slice(0, SAMPLE)) {
    const [, of = '', id = ''] = /^(\S+) (\d+-\d+)#?\d*$/.exec(name) ?? [];
    if (store.group(stream, of)?.pending.has(id) === true) continue;
    if (store.deleteField(due, name)) removed++;
  }
  return removed;
});

import { enqueueScript } from '../../../redis/operations/calling/enqueue.js';
import { operation, type Line } from '../operation.js';
import type { Store } from '../store.js';
import { becomeKnown } from '../known.js';
import { heardBy, takersOf } from './announced.js';
import { scheduled, type Waiting } from '../scheduling/waiting.js';
import { backlogOf } from './backlog.js';
import { judged, remember } from './caller-record.js';
import { isRead } from './classes.js';

const NAMED_KEYS = 3;
const NAMED_ARGS = 10;

/** Reads keys and arguments one after the other. */
class Cursor {
  private key = NAMED_KEYS;
  private arg = NAMED_ARGS;

  constructor(private readonly line: Line) {}

  get incarnation(): string {
    return this.line.keys[1] as string;
  }

  nextKey(): string {
    return this.line.keys[this.key++] as string;
  }

  next(): string {
    return this.line.args[this.arg++] as string;
  }

  take(count: number): string[] {
    this.arg += count;
    return this.line.args.slice(this.arg - count, this.arg);
  }
}

/** Stores a numbered batch; a repeat adds nothing. */
export const enqueue = operation(enqueueScript, (store, said, line) => {
  const { now } = store;
  if (now - Number(said.stamp) > Number(said.maxAge)) return `stale ${now}`;
  const refused = judged(store, said);
  if (refused !== undefined) return refused;
  const cursor = new Cursor(line);
  const tokens: string[] = [];
  for (let left = Number(said.sections); left > 0; left--)
    tokens.push(...section(store, cursor, Number(said.cap)));
  const verdict = `${said.version} ${tokens.join(' ')}`;
  remember(store, said, verdict);
  if (said.life !== '') store.expire(said.record, Number(said.life));
  if (said.trim !== '') store.stream(said.log)?.trimBelow(said.trim);
  return `ok ${now} ${verdict}`;
});

function section(store: Store, cursor: Cursor, cap: number): string[] {
  const [asked, wide, count] = [cursor.next(), cursor.next(), Number(cursor.next())];
  if (wide === '4') return [waiting(store, cursor, asked, cap)];
  const entries = entriesOf(cursor, wide, count);
  if (wide === '2' || wide === '3')
    return entries.map((fields) => `${store.add(cursor.nextKey(), fields)}:1`);
  const [own, live] = [cursor.nextKey(), cursor.nextKey()];
  const rule = ruleOf(asked);
  const other = rule && cursor.nextKey();
  const streams = streamsOf(cursor, asked);
  const isInClass = rule && other && isRead(store, rule, { class: other, own, live, streams });
  const stream = isInClass ? other : own;
  const where = rule && !isInClass ? '~' : '';
  const mode = asked.charAt(0);
  const unserved = unservedBy(store, live, mode);
  const measured = asked.includes('r', 1) ? undefined : roomIn(store, stream, cap, count);
  const room = unserved === '' ? (measured?.room ?? count) : 0;
  // The time may run on meanwhile, and ids are to follow each other.
  const { now } = store;
  const ids = entries.slice(0, room).map((fields) => store.add(stream, fields, now));
  if (streams !== undefined && ids.length > 0) becomeKnown(store, cursor.incarnation, streams, own);
  const filling = unserved === '' && measured?.isFilling === true ? '^' : '';
  const heard = asked.includes('q', 1) ? `*${heardBy(store, own)}` : '';
  const takers = asked.includes('p', 1) ? takersOf(store, live) : heard;
  const why = unserved || (room < count ? '!FULL' : '');
  return [`${where}${ids[0] ?? '-'}:${ids.length}${filling}${takers}${why}`];
}

function waiting(store: Store, cursor: Cursor, asked: string, cap: number): string {
  let place = placeOf(cursor);
  const own = place.stream;
  const streams = streamsOf(cursor, asked);
  const sent = cursor.nextKey();
  const rule = ruleOf(asked);
  let where = '';
  if (rule !== undefined) {
    const live = cursor.nextKey();
    const other = placeOf(cursor);
    if (isRead(store, rule, { class: other.stream, own, live, streams })) place = other;
    else where = '~';
  }
  if (streams !== undefined) becomeKnown(store, cursor.incarnation, streams, own);
  const [id = '', at = '', window, ...fields] = listed(cursor);
  const given = { ...place, sent, id, at, window: Number(window), fields };
  return where + scheduled(store, given, cap);
}

const placeOf = (cursor: Cursor): Pick<Waiting, 'later' | 'when' | 'stream'> => ({
  later: cursor.nextKey(),
  when: cursor.nextKey(),
  stream: cursor.nextKey(),
});

const streamsOf = (cursor: Cursor, asked: string): string | undefined =>
  asked.includes('n', 1) ? cursor.incarnation.replace(/incarnation$/, 'streams') : undefined;

/** By which it is decided whether entries go to the stream of their class; undefined: they have none. */
function ruleOf(asked: string): 'c' | 'e' | undefined {
  if (asked.includes('e', 1)) return 'e';
  return asked.includes('c', 1) ? 'c' : undefined;
}

function entriesOf(cursor: Cursor, wide: string, count: number): string[][] {
  const times = { length: count };
  // All have one header.
  if (wide === '5') {
    const header = cursor.next();
    return Array.from(times, () => ['c', header, 'd', cursor.next()]);
  }
  const next = wide === '0' || wide === '2' ? plain : listed;
  return Array.from(times, () => next(cursor));
}

const plain = (cursor: Cursor): string[] => ['c', cursor.next(), 'd', cursor.next()];
const listed = (cursor: Cursor): string[] => cursor.take(Number(cursor.next()));

function unservedBy(store: Store, live: string, mode: string): string {
  if (mode === '1' && store.membersFrom(live, store.now).length === 0) return '!NONE';
  return mode === '2' && !store.has(live) ? '!NEVER' : '';
}

interface Room {
  readonly room: number;
  readonly isFilling: boolean;
}

function roomIn(store: Store, key: string, cap: number, count: number): Room {
  const stream = store.stream(key);
  const length = stream?.length ?? 0;
  if (10 * (length + count) <= cap) return { room: count, isFilling: false };
  if (stream === undefined || length + count <= cap) {
    return { room: Math.max(0, Math.min(count, cap - length)), isFilling: true };
  }
  return { room: Math.max(0, Math.min(count, cap - backlogOf(stream))), isFilling: true };
}

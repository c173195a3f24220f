import { before, compare, partsOf, ZERO } from './entry-ids.js';
import { Group } from './group.js';

/** An entry: its id, and names and values in turn. */
export type StreamEntry = readonly [id: string, fields: readonly string[]];

/** Bytes that an entry costs beside its texts, about. */
const ENTRY_COST = 64;

/** The first value of a field; undefined if there is none. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}

function bytesOf([, fields]: StreamEntry): number {
  return fields.reduce((sum, text) => sum + Buffer.byteLength(text), ENTRY_COST);
}

/** A stream: entries in the order of their ids, and groups. */
export class Stream {
  /** The last id that was given. */
  last = ZERO;
  /** What its entries take, about. */
  bytes = 0;
  readonly groups = new Map<string, Group>();
  private readonly entries: StreamEntry[] = [];

  get length(): number {
    return this.entries.length;
  }

  /**
   * Adds an entry with the next id.
   * @param now milliseconds; the id has these, unless the last one had more
   */
  add(fields: readonly string[], now: number): string {
    const [ms, seq] = partsOf(this.last);
    this.last = now > ms ? `${now}-0` : `${ms}-${seq + 1}`;
    const entry: StreamEntry = [this.last, fields];
    this.entries.push(entry);
    this.bytes += bytesOf(entry);
    return this.last;
  }

  get(id: string): StreamEntry | undefined {
    const at = this.placeOf(id);
    const entry = this.entries[at];
    return entry?.[0] === id ? entry : undefined;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  /**
   * Entries in the order of their ids.
   * @param from an id, `(id` for the one after it, or `-`
   * @param to an id, `(id` for the one before it, or `+`
   */
  range(from: string, to = '+', count = Number.POSITIVE_INFINITY): StreamEntry[] {
    const found: StreamEntry[] = [];
    for (let at = this.startOf(from); at < this.entries.length && found.length < count; at++) {
      const entry = this.entries[at] as StreamEntry;
      if (to !== '+') {
        const order = compare(entry[0], to.replace('(', ''));
        if (order > 0 || (order === 0 && to.startsWith('('))) break;
      }
      found.push(entry);
    }
    return found;
  }

  /** The youngest entry. */
  get youngest(): StreamEntry | undefined {
    return this.entries.at(-1);
  }

  delete(id: string): boolean {
    const at = this.placeOf(id);
    if (this.entries[at]?.[0] !== id) return false;
    this.remove(at, 1);
    return true;
  }

  /** Removes entries below an id, `most` at most. Returns how many. */
  trimBelow(id: string, most = Number.POSITIVE_INFINITY): number {
    const count = Math.min(this.placeOf(id), most);
    this.remove(0, count);
    return count;
  }

  /** Keeps the `count` youngest entries. */
  keep(count: number): void {
    this.remove(0, Math.max(0, this.length - count));
  }

  /** @param start the id after which it begins; `$`: the last one */
  makeGroup(name: string, start: string): Group {
    const group = new Group(name, start === '$' ? this.last : start);
    this.groups.set(name, group);
    return group;
  }

  /** How many entries a group was not given yet. Redis does not know it after deletions; here it is known. */
  unreadBy(group: Group): number {
    return this.length - this.startOf(`(${group.last}`);
  }

  /** Hands what a group was not given yet to a consumer. */
  read(group: Group, consumer: string, count: number): StreamEntry[] {
    const entries = this.range(`(${group.last}`, '+', count);
    for (const [id] of entries) group.hand(id, consumer);
    group.last = entries.at(-1)?.[0] ?? group.last;
    return entries;
  }

  /** Makes entries that are pending this consumer's, and counts a delivery. What was deleted is pending no more. */
  claim(group: Group, consumer: string, ids: readonly string[]): StreamEntry[] {
    const claimed: StreamEntry[] = [];
    group.list(consumer);
    for (const id of ids) {
      const pending = group.pending.get(id);
      if (pending === undefined) continue;
      const entry = this.get(id);
      if (entry === undefined) {
        group.acknowledge(id);
        continue;
      }
      pending.consumer = consumer;
      pending.deliveries++;
      claimed.push(entry);
    }
    return claimed;
  }

  private remove(at: number, count: number): void {
    for (const entry of this.entries.splice(at, count)) this.bytes -= bytesOf(entry);
  }

  /** The place of the first entry that is not below an id. */
  private placeOf(id: string): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before((this.entries[middle] as StreamEntry)[0], id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private startOf(from: string): number {
    if (from === '-') return 0;
    if (!from.startsWith('(')) return this.placeOf(from);
    const id = from.slice(1);
    const at = this.placeOf(id);
    return this.entries[at]?.[0] === id ? at + 1 : at;
  }
}

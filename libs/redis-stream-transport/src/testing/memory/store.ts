import { randomBytes } from 'node:crypto';
import { fieldOf, Stream, type StreamEntry } from './stream.js';
import type { Group } from './group.js';

/** Is told what happens in a store. */
export interface StoreObserver {
  /** Something was published on a channel. */
  published(channel: string, text: string): void;
  /** An entry was added to a stream, or a group of it went. */
  changed(stream: string): void;
}

type Value = string | Map<string, string> | Map<string, number> | string[] | Stream;

interface Kept {
  readonly value: Value;
  /** Milliseconds; Infinity: for ever. */
  until: number;
}

/** What Redis holds of one or several prefixes, in this process: what the operations read and write. */
export class Store {
  /** Names this life of the server, as Redis' `run_id`. */
  readonly run = randomBytes(20).toString('hex');
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly clock: () => number,
    private readonly observer: StoreObserver,
  ) {}

  /** Milliseconds since 1970. */
  get now(): number {
    return Math.floor(this.clock());
  }

  publish(channel: string, text: string): void {
    this.observer.published(channel, text);
  }

  // ---- Lives

  has(key: string): boolean {
    return this.find(key) !== undefined;
  }

  delete(key: string): boolean {
    return this.kept.delete(key);
  }

  /** Milliseconds that a key has left; -1: for ever, -2: there is none. */
  lifeOf(key: string): number {
    const kept = this.find(key);
    if (kept === undefined) return -2;
    return kept.until === Number.POSITIVE_INFINITY ? -1 : kept.until - this.now;
  }

  /** @param life milliseconds from now */
  expire(key: string, life: number): void {
    const kept = this.find(key);
    if (kept !== undefined) kept.until = this.now + life;
  }

  /** The life of a key is only ever extended; one that lasts for ever does. */
  extend(key: string, life: number): void {
    const kept = this.find(key);
    if (kept !== undefined && kept.until !== Number.POSITIVE_INFINITY)
      kept.until = Math.max(kept.until, this.now + life);
  }

  // ---- Texts

  text(key: string): string | undefined {
    const value = this.find(key)?.value;
    return typeof value === 'string' ? value : undefined;
  }

  /** @param life milliseconds */
  setText(key: string, value: string, life: number): void {
    this.kept.set(key, { value, until: this.now + life });
  }

  // ---- Hashes

  hash(key: string): ReadonlyMap<string, string> {
    return (this.find(key)?.value as Map<string, string> | undefined) ?? NOTHING;
  }

  field(key: string, name: string): string | undefined {
    return this.hash(key).get(name);
  }

  /** Returns whether the field is new. */
  setField(key: string, name: string, value: string): boolean {
    const hash = this.made(key, () => new Map<string, string>());
    const isNew = !hash.has(name);
    hash.set(name, value);
    return isNew;
  }

  deleteField(key: string, name: string): boolean {
    const hash = this.find(key)?.value as Map<string, string> | undefined;
    if (hash?.delete(name) !== true) return false;
    if (hash.size === 0) this.delete(key);
    return true;
  }

  // ---- Sorted sets

  /** Members from a score on, in the order of their scores. */
  membersFrom(key: string, least: number, isAbove = false): string[] {
    return this.sorted(key)
      .filter(([, score]) => (isAbove ? score > least : score >= least))
      .map(([member]) => member);
  }

  membersUpTo(key: string, most: number): string[] {
    return this.sorted(key)
      .filter(([, score]) => score <= most)
      .map(([member]) => member);
  }

  scoreOf(key: string, member: string): number | undefined {
    return (this.find(key)?.value as Map<string, number> | undefined)?.get(member);
  }

  setScore(key: string, member: string, score: number): void {
    this.made(key, () => new Map<string, number>()).set(member, score);
  }

  deleteMember(key: string, member: string): void {
    const scores = this.find(key)?.value as Map<string, number> | undefined;
    if (scores?.delete(member) === true && scores.size === 0) this.delete(key);
  }

  // ---- Lists

  list(key: string): readonly string[] {
    return (this.find(key)?.value as string[] | undefined) ?? [];
  }

  /** Appends to a list; beyond `most` the oldest are dropped. */
  append(key: string, texts: readonly string[], most: number): void {
    const list = this.made<string[]>(key, () => []);
    list.push(...texts);
    list.splice(0, Math.max(0, list.length - most));
  }

  // ---- Streams

  stream(key: string): Stream | undefined {
    return this.find(key)?.value as Stream | undefined;
  }

  streamMade(key: string): Stream {
    return this.made(key, () => new Stream());
  }

  /** The names of all keys. */
  get keys(): string[] {
    return [...this.kept.keys()].filter((key) => this.has(key));
  }

  /** The names of all keys that hold streams. */
  get streams(): [key: string, stream: Stream][] {
    return [...this.kept].flatMap(([key, { value }]) =>
      value instanceof Stream && this.has(key) ? [[key, value] as [string, Stream]] : [],
    );
  }

  /** Adds an entry to a stream, which is made if it is not there. @param now by which it gets its id */
  add(key: string, fields: readonly string[], now = this.now): string {
    const id = this.streamMade(key).add(fields, now);
    this.observer.changed(key);
    return id;
  }

  /** Removes a stream with its groups. */
  deleteStream(key: string): void {
    if (this.delete(key)) this.observer.changed(key);
  }

  group(key: string, name: string): Group | undefined {
    return this.stream(key)?.groups.get(name);
  }

  dropGroup(key: string, name: string): boolean {
    const isGone = this.stream(key)?.groups.delete(name) === true;
    if (isGone) this.observer.changed(key);
    return isGone;
  }

  entry(key: string, id: string): StreamEntry | undefined {
    return this.stream(key)?.get(id);
  }

  headerOf(key: string, id: string): string | undefined {
    const entry = this.entry(key, id);
    return entry && fieldOf(entry[1], 'c');
  }

  private sorted(key: string): [string, number][] {
    const scores = this.find(key)?.value as Map<string, number> | undefined;
    return [...(scores ?? [])].toSorted(
      ([one, a], [other, b]) => a - b || (one < other ? -1 : one > other ? 1 : 0),
    );
  }

  private find(key: string): Kept | undefined {
    const kept = this.kept.get(key);
    if (kept === undefined || kept.until > this.now) return kept;
    this.kept.delete(key);
    return undefined;
  }

  private made<T extends Value>(key: string, make: () => T): T {
    const known = this.find(key);
    if (known !== undefined) return known.value as T;
    const value = make();
    this.kept.set(key, { value, until: Number.POSITIVE_INFINITY });
    return value;
  }
}

const NOTHING: ReadonlyMap<string, string> = new Map();

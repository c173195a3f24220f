import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { RedisStreamsError } from '../errors.js';
import {
  resolveClientOptions,
  type RedisStreamsClientOptions,
  type ResolvedClientOptions,
} from '../options/index.js';
import { sealerOf } from '../options/sealing.js';
import { ownStreamOf } from '../protocol/priority.js';
import { placeOf, showOnly } from '../redis/shown.js';
import { compareIds } from '../protocol/entry.js';
import { insist } from './insistence.js';
import { readLetter, type DeadLetterEntry, type Letter } from './letter.js';
import type { LetterStore, ReplayAnswer } from './letter-store.js';
import { replayFields, type ReplayChanges } from './replay-fields.js';
import { sealedReplayFields } from './sealed-replay.js';
import { limitOf, Selection, type DeadLetterFilter } from './selection.js';
import { storesOf } from './stores.js';

/** Letters that are read at once: each may hold a megabyte. */
const READ = 50;
/** Replays that are on their way at once. */
const WIDTH = 16;
/** Letters that one operation replays or discards at most. */
const MOST = 100_000;

/** The options of a client, and the group of the letters. `timeout` is how long one operation waits for Redis. */
export interface DeadLettersOptions extends RedisStreamsClientOptions {
  /** The service: `group` of its servers. Must be given. */
  readonly group: string;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetterEntry[];
  /** What `after` of the next page is; undefined after the last one. */
  readonly next: string | undefined;
}

export interface ReplaySummary {
  /** Letters that were put back into their streams. */
  readonly replayed: number;
  /** Letters that were left because they cannot be replayed as they are. */
  readonly skipped: number;
  /** It ended because a stream was full (`maxBacklog`). */
  readonly full: boolean;
  /** There are more letters that fit, beyond the limit or the full stream. */
  readonly more: boolean;
}

interface Found {
  readonly store: LetterStore;
  /** Id in its stream. */
  readonly id: string;
  readonly letter: Letter;
}

/**
 * The dead letters of a service: to look at, to put back into their streams, to discard. It has one
 * connection per shard, made with the first operation and kept until `close()`.
 *
 * Every method rejects with RedisStreamsError: NOT_CONNECTED or TIMEOUT after `timeout`, REDIS when it
 * was refused, CLOSED.
 *
 * @example
 * const letters = new DeadLetters({ url, group: 'orders' });
 * for await (const letter of letters.list({ pattern: 'orders.place' })) console.log(letter);
 * await letters.replayAll({ reason: 'attempts' });
 */
export class DeadLetters implements OnApplicationShutdown {
  static {
    showOnly(this, ({ options, group }) => ({
      redis: placeOf(options.redis),
      prefix: options.prefix,
      group,
    }));
  }

  private readonly options: ResolvedClientOptions;
  private readonly group: string;
  private readonly stores: readonly LetterStore[];
  private readonly logger = new Logger(DeadLetters.name);
  private closed = false;
  /** The number of shards is that of the services. */
  private fits = false;

  /** Opens nothing. @throws RedisStreamsError INVALID_OPTION */
  constructor({ group, ...options }: DeadLettersOptions) {
    if (typeof group !== 'string' || !/^[^\s{}\p{Cc}\p{Cs}]{1,128}$/u.test(group)) {
      throw new RedisStreamsError('INVALID_OPTION', 'DeadLetters: "group" names a service');
    }
    this.options = resolveClientOptions(options);
    this.group = group;
    this.stores = storesOf(this.options, group, (error) => this.logger.debug(error.message));
  }

  /** How many letters there are. A group keeps about 10,000 in each shard; the oldest go first. */
  async count(): Promise<number> {
    const counts = await Promise.all(this.stores.map((store) => this.ask(() => store.count())));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** @returns undefined when there is no such letter */
  async get(id: string): Promise<DeadLetterEntry | undefined> {
    return (await this.find(id))?.letter.entry;
  }

  /**
   * Some letters, the oldest of each shard first.
   * @param page `after`: `next` of the page before; `limit`: 100 unless given, at most 1,000
   */
  async page(
    filter: DeadLetterFilter = {},
    page: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<DeadLetterPage> {
    const limit = limitOf(page.limit ?? 100, 1000);
    const letters: DeadLetterEntry[] = [];
    for await (const { letter } of this.select(new Selection(filter), page.after)) {
      if (letters.length === limit) return { letters, next: letters.at(-1)?.id };
      letters.push(letter.entry);
    }
    return { letters, next: undefined };
  }

  /** All letters that fit, read as they are wanted. */
  async *list(filter: DeadLetterFilter = {}): AsyncGenerator<DeadLetterEntry, void, undefined> {
    for await (const { letter } of this.select(new Selection(filter))) yield letter.entry;
  }

  /**
   * Puts a letter back into its stream, where this service alone will handle it, from the first attempt
   * on; the letter is gone then. Both happen in one step, and a repeat within an hour changes nothing.
   *
   * @returns the id of the new entry; undefined when there is no such letter
   * @throws RedisStreamsError INVALID_MESSAGE (it cannot be replayed without new data), PAYLOAD_TOO_LARGE,
   * INVALID_OPTION, or OVERLOADED (the stream holds `maxBacklog` entries)
   */
  async replay(id: string, changes: ReplayChanges = {}): Promise<string | undefined> {
    const found = await this.find(id);
    if (found === undefined) {
      const { store, letter } = this.place(id);
      return this.ask(() => store.became(letter));
    }
    const answer = await this.putBack(found, changes);
    if (answer.kind === 'ok') return answer.entry;
    if (answer.kind === 'gone') return undefined;
    const { pattern, stream } = found.letter.entry;
    throw new RedisStreamsError('OVERLOADED', `the stream ${stream} is full`, { pattern });
  }

  /**
   * Replays the letters that fit and are there now, the oldest first. One that becomes a dead letter
   * again meanwhile is not replayed twice.
   * @param bounds `limit`: 1,000 unless given, at most 100,000; `headers`: as in `replay`
   */
  async replayAll(
    filter: DeadLetterFilter = {},
    bounds: { readonly limit?: number } & Pick<ReplayChanges, 'headers'> = {},
  ): Promise<ReplaySummary> {
    const limit = limitOf(bounds.limit ?? 1000, MOST);
    const { headers } = bounds;
    const changes = headers === undefined ? {} : { headers };
    let [taken, replayed, skipped] = [0, 0, 0];
    let full = false;
    let more = false;
    let under: Promise<ReplayAnswer>[] = [];
    const settle = async (): Promise<void> => {
      for (const { kind } of await Promise.all(under)) {
        if (kind === 'ok') replayed++;
        else if (kind === 'full') full = true;
      }
      under = [];
    };
    for await (const found of this.select(new Selection(filter), undefined, true)) {
      if (!found.letter.entry.replayable) {
        skipped++;
        continue;
      }
      more = full || taken === limit;
      if (more) break;
      taken++;
      const putBack = this.putBack(found, changes);
      // It may fail while others are still awaited.
      putBack.catch(() => undefined);
      under.push(putBack);
      if (under.length >= WIDTH) await settle();
    }
    await settle();
    return { replayed, skipped, full, more: more || full };
  }

  /** Removes a letter, if it is there. */
  async discard(id: string): Promise<void> {
    const { store, letter } = this.place(id);
    await this.ask(() => store.remove([letter]));
  }

  /**
   * Discards the letters that fit and are there now; returns how many they were.
   * @param bounds `limit`: 1,000 unless given, at most 100,000
   */
  async discardAll(
    filter: DeadLetterFilter,
    bounds: { readonly limit?: number } = {},
  ): Promise<number> {
    const limit = limitOf(bounds.limit ?? 1000, MOST);
    let discarded = 0;
    for await (const { store, id } of this.select(new Selection(filter), undefined, true)) {
      if (discarded === limit) break;
      await this.ask(() => store.remove([id]));
      discarded++;
    }
    return discarded;
  }

  /** Closes the connections. Operations that wait reject with CLOSED. Idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.stores.map((store) => store.link.stop()));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  private async putBack({ store, id, letter }: Found, changes: ReplayChanges) {
    const { maxPayloadBytes, serializer, shards, lanes } = this.options;
    const { group } = this;
    const { stream, pattern } = letter.entry;
    // A service that reads no classes any more reads its pattern's own stream. A lane may be named like a class.
    const to = lanes.has(pattern) ? stream : ownStreamOf(stream, pattern, shards);
    const sealer = sealerOf(serializer);
    const fields =
      sealer === undefined
        ? replayFields(letter, group, changes, maxPayloadBytes)
        : await sealedReplayFields(letter, group, changes, { ...this.options, sealer, to });
    return this.ask(() => store.replay(id, { stream: to, pattern }, fields));
  }

  private async find(id: string): Promise<Found | undefined> {
    const { store, letter, prefix } = this.place(id);
    const [raw] = await this.ask(() => store.range(letter, letter, 1));
    return raw === undefined ? undefined : { store, id: letter, letter: readLetter(raw, prefix) };
  }

  /** @param now leaves out letters that come meanwhile */
  private async *select(
    selection: Selection,
    after?: string,
    now = false,
  ): AsyncGenerator<Found, void, undefined> {
    const begin = after === undefined ? undefined : this.place(after);
    for (let shard = begin?.shard ?? 0; shard < this.stores.length; shard++) {
      const store = this.stores[shard] as LetterStore;
      const prefix = this.prefixOf(shard);
      const last = now ? await this.ask(() => store.last()) : undefined;
      let from = shard === begin?.shard ? `(${begin.letter}` : selection.from;
      for (;;) {
        const page = await this.ask(() => store.range(from, selection.to, READ));
        for (const raw of page) {
          if (last !== undefined && compareIds(raw.id, last) > 0) break;
          const letter = readLetter(raw, prefix);
          if (selection.takes(letter.entry)) yield { store, id: raw.id, letter };
        }
        const youngest = page.at(-1)?.id;
        if (page.length < READ || youngest === undefined) break;
        if (last !== undefined && compareIds(youngest, last) >= 0) break;
        from = `(${youngest}`;
      }
    }
  }

  /** With several shards the id of a letter names its shard. */
  private prefixOf(shard: number): string {
    return this.stores.length === 1 ? '' : `${shard}/`;
  }

  private place(id: string) {
    const [, number, letter] = /^(?:(\d{1,3})\/)?(\d{1,20}-\d{1,20})$/.exec(id) ?? [];
    const shard = Number(number ?? 0);
    const store = this.stores[shard];
    if (letter === undefined || store === undefined) {
      throw new RedisStreamsError('INVALID_OPTION', `DeadLetters: "${id.slice(0, 64)}" is no id`);
    }
    return { store, letter, shard, prefix: this.prefixOf(shard) };
  }

  private async ask<T>(operation: () => Promise<T>): Promise<T> {
    if (!this.closed) for (const { link } of this.stores) link.start();
    return insist(
      this.options.timeout,
      () => this.closed,
      async () => {
        if (!this.fits) await this.stores[0]?.checkLayout();
        this.fits = true;
        return operation();
      },
    );
  }
}

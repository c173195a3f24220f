import { RedisStreamsError } from '../errors.js';
import { resolveClientOptions, type RedisStreamsClientOptions } from '../options/index.js';
import { placeOf, showOnly } from '../redis/shown.js';
import { openPlace, type OpenPlace, type Place } from './open-place.js';

/** Milliseconds after which they are made anew: a place may have got other servers. */
const OLD = 300_000;

/** A place that is open, and how many reads use it. */
interface Held {
  readonly opening: Promise<OpenPlace>;
  readonly since: number;
  uses: number;
  isOver: boolean;
}

/** Lets a read use connections that are kept. */
export let useKept: <T>(kept: KeptConnections, look: (place: Place) => Promise<T>) => Promise<T>;

/**
 * Connections for those who read again and again. Reads that are given this instead of options share them. They are made
 * with the first read, and close by themselves a while after the last one.
 *
 * @example
 * const kept = new KeptConnections({ url });
 * const before = await readOverview(kept);
 * const after = await readOverview(kept);
 * await kept.close();
 */
export class KeptConnections {
  static {
    useKept = (kept, look) => kept.use(look);
    showOnly(this, ({ options }) => ({ redis: placeOf(resolveClientOptions(options).redis) }));
  }

  private held: Held | undefined;
  private readonly closing = new Set<Promise<unknown>>();
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param options those of a client
   * @param rest milliseconds after a read until they close, unless somebody reads again
   */
  constructor(
    private readonly options?: RedisStreamsClientOptions,
    private readonly rest = 15_000,
  ) {}

  /** Closes them; reads that are under way fail. Later reads make new ones. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    if (this.held !== undefined) this.shut(this.held);
    this.held = undefined;
    await Promise.all(this.closing);
  }

  private async use<T>(look: (place: Place) => Promise<T>): Promise<T> {
    clearTimeout(this.timer);
    if (this.held !== undefined && performance.now() - this.held.since > OLD) this.drop();
    const held = (this.held ??= this.open());
    held.uses++;
    try {
      const { place, isNoted } = await held.opening;
      // Its first service or client may bring another number of shards.
      if (!isNoted) this.drop(held);
      return await look(place);
    } catch (error) {
      if (!isOfQuestion(error)) this.drop(held);
      throw error;
    } finally {
      held.uses--;
      this.tidy(held);
      clearTimeout(this.timer);
      if (this.held !== undefined) {
        this.timer = setTimeout(() => this.drop(), this.rest).unref();
      }
    }
  }

  private open(): Held {
    const since = performance.now();
    return { opening: openPlace(this.options, 'operate'), since, uses: 0, isOver: false };
  }

  private drop(held = this.held): void {
    if (held === undefined) return;
    if (held === this.held) this.held = undefined;
    held.isOver = true;
    this.tidy(held);
  }

  private tidy(held: Held): void {
    if (held.isOver && held.uses === 0) this.shut(held);
  }

  private shut(held: Held): void {
    const closed = held.opening.then((open) => open.close()).catch(() => undefined);
    this.closing.add(closed);
    void closed.finally(() => this.closing.delete(closed));
  }
}

/** What is wrong with a question does not make connections worse. */
const isOfQuestion = (error: unknown): boolean =>
  RedisStreamsError.isRedisStreamsError(error) && error.code === 'INVALID_OPTION';

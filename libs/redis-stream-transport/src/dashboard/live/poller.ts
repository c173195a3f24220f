import { thrownText } from '../../thrown.js';
import type { Overview, Statistics } from '../../operate/index.js';
import { History, type Point } from './history.js';
import { Rates, type Look } from './points.js';
import { NOTHING_KNOWN, Recent } from './recent.js';

/** A look takes at most this part of the time, however many keys Redis has. */
const SHARE = 10;
const LONGEST_PAUSE = 60_000;

/** What is told to those who watch. */
export type News =
  | { readonly kind: 'look'; readonly look: Look; readonly point: Point }
  | { readonly kind: 'trouble'; readonly told: string; readonly at: number };

/** What one look brings. */
export interface Seen {
  readonly overview: Overview;
  /** What instances say that they have done; undefined: they cannot be asked. */
  readonly statistics: Statistics | undefined;
}

/** Looks at Redis again and again, for as long as somebody watches. All who watch share the looks. */
export class Poller {
  readonly history = new History();
  private readonly watching = new Set<(news: News) => void>();
  private rates = new Rates();
  private recent = new Recent();
  private timer: NodeJS.Timeout | undefined;
  private under = false;
  private last: News | undefined;

  /** @param interval milliseconds between looks, at least */
  constructor(
    private readonly look: () => Promise<Seen>,
    private readonly interval: number,
  ) {}

  /** @returns a function that ends it */
  watch(tell: (news: News) => void): () => void {
    this.watching.add(tell);
    if (this.last !== undefined && Date.now() - timeOf(this.last) < 2 * this.interval)
      tell(this.last);
    if (this.timer === undefined && !this.under) void this.turn();
    return () => {
      this.watching.delete(tell);
      if (this.watching.size > 0) return;
      clearTimeout(this.timer);
      this.timer = undefined;
      // Rates over a time in which nobody looked would be averages of it.
      this.rates = new Rates();
      this.recent = new Recent();
    };
  }

  /** Never rejects. */
  private async turn(): Promise<void> {
    this.under = true;
    this.timer = undefined;
    const began = performance.now();
    const news = await this.newsOf(began);
    this.under = false;
    this.last = news;
    for (const tell of this.watching) tell(news);
    if (this.watching.size === 0) return;
    const took = performance.now() - began;
    const pause = Math.min(LONGEST_PAUSE, Math.max(this.interval - took, took * (SHARE - 1), 50));
    this.timer = setTimeout(() => void this.turn(), pause).unref();
  }

  private async newsOf(began: number): Promise<News> {
    const { rates, recent } = this;
    try {
      const { overview, statistics } = await this.look();
      const ended = performance.now();
      const at = Date.now();
      const handled = statistics === undefined ? NOTHING_KNOWN : recent.since(statistics, ended);
      const facts = {
        ...{ at, took: Math.round(ended - began), handled: handled.all },
        silent: statistics?.silent.length ?? 0,
        ...rates.rowsOf(overview, ended, handled),
      };
      return {
        kind: 'look',
        look: { ...overview, ...facts },
        point: this.history.add(at, facts.rows, handled.all),
      };
    } catch (error) {
      return { kind: 'trouble', told: thrownText(error), at: Date.now() };
    }
  }
}

const timeOf = (news: News): number => (news.kind === 'look' ? news.look.at : news.at);

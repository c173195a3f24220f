import { creditText, MAX_CREDITS, signEvery, type Credit } from '../../../protocol/credit.js';
import type { Clock } from '../../clock.js';
import { Periodic } from '../../periodic.js';
import type { Call } from '../call.js';

/** Passes notices on to instances. A notice may be lost. */
export interface CreditPost {
  credit(consumer: string, text: string): void;
}

export interface CreditsHooks {
  /** Where the service of a call hears of it. */
  post(call: Call): CreditPost;
  /** The reader has come further, or waits: its idle time begins anew, or rests. */
  moved(call: Call): void;
}

/** What each instance is told, by the way to it. */
type Letters = Map<CreditPost, Map<string, Credit[]>>;

/**
 * Tells services how far the readers of their streams have come. What changes in one turn goes into one message for each
 * instance. All of it is repeated from time to time: that replaces what was lost, and says that this caller lives.
 */
export class Credits {
  /** Calls that are read. */
  private readonly open = new Set<Call>();
  /** Those whose reader has moved in this turn. */
  private moved: Call[] = [];
  private readonly signs: Periodic;
  /** Milliseconds from sign to sign. */
  private every = Number.POSITIVE_INFINITY;

  constructor(
    private readonly callerId: string,
    clock: Clock,
    private readonly hooks: CreditsHooks,
  ) {
    this.signs = new Periodic(clock, {
      wait: () => (this.open.size === 0 ? undefined : this.every),
      run: () => this.sign(),
    });
    this.signs.start();
  }

  /** The application was given a value that it has not taken yet. @param deliveries of its run */
  handed(call: Call, deliveries: number): void {
    this.hand(call, deliveries);
    if (call.request.idle > 0) this.hooks.moved(call);
  }

  /** The application has taken a value. */
  taken(call: Call): void {
    const { reading } = call;
    if (reading === undefined) return;
    reading.take();
    if (call.state === 'settled') return;
    this.later(call);
    if (call.request.idle > 0 && !reading.isStanding) this.hooks.moved(call);
  }

  /** The application was given a value, and has taken it in the same moment. @param deliveries of its run */
  passed(call: Call, deliveries: number): void {
    this.hand(call, deliveries);
    call.reading?.take();
  }

  stop(): void {
    this.signs.stop();
    this.open.clear();
    this.moved = [];
  }

  private hand(call: Call, deliveries: number): void {
    const { reading, run } = call;
    if (reading === undefined || run === undefined) return;
    // It has waited for a deserializer while another run took the place of its own.
    if (deliveries < run.deliveries) reading.handOld();
    else if (reading.hand(run)) this.begun(call);
    this.later(call);
  }

  /** The run of a stream is known now. If it has an idle time, its service hears at once that this caller lives. */
  private begun(call: Call): void {
    this.open.add(call);
    if (call.request.idle > 0) this.post([call], () => call.reading?.credit());
    const every = signEvery(call.request.idle);
    if (every >= this.every && this.open.size > 1) return;
    this.every = every;
    this.signs.again();
  }

  private later(call: Call): void {
    const { reading } = call;
    if (reading === undefined || reading.isMoving) return;
    reading.isMoving = true;
    if (this.moved.length === 0) setImmediate(this.tell);
    this.moved.push(call);
  }

  private readonly tell = (): void => {
    const { moved } = this;
    this.moved = [];
    this.post(moved, ({ reading }) => reading?.due());
    for (const { reading } of moved) if (reading !== undefined) reading.isMoving = false;
  };

  private sign(): Promise<void> {
    this.every = Number.POSITIVE_INFINITY;
    for (const call of this.open) {
      if (call.state === 'settled') this.open.delete(call);
      else this.every = Math.min(this.every, signEvery(call.request.idle));
    }
    this.post(this.open, ({ reading }) => reading?.credit());
    return Promise.resolve();
  }

  private post(calls: Iterable<Call>, said: (call: Call) => Credit | undefined): void {
    const letters: Letters = new Map();
    for (const call of calls) {
      const instance = call.reading?.instance;
      const credit = call.state === 'settled' || instance === undefined ? undefined : said(call);
      if (credit !== undefined) add(letters, this.hooks.post(call), instance as string, credit);
    }
    for (const [post, instances] of letters) {
      for (const [instance, credits] of instances) {
        for (let from = 0; from < credits.length; from += MAX_CREDITS) {
          const runs = credits.slice(from, from + MAX_CREDITS);
          post.credit(instance, creditText({ caller: this.callerId, runs }));
        }
      }
    }
  }
}

function add(letters: Letters, post: CreditPost, instance: string, credit: Credit): void {
  const instances = letters.get(post) ?? new Map<string, Credit[]>();
  letters.set(post, instances);
  const credits = instances.get(instance);
  if (credits === undefined) instances.set(instance, [credit]);
  else credits.push(credit);
}

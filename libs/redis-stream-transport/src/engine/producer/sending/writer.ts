import { RedisStreamsError } from '../../../errors.js';
import type { CallerBroker, Incarnation } from '../../../redis/caller-broker.js';
import type { CommandFailure } from '../../../redis/failure.js';
import { RECORD_LIFE, VERDICTS_KEPT } from '../../../redis/lua/caller-record.js';
import type { EnqueueAnswer } from '../../../redis/verdict.js';
import type { Clock } from '../../clock.js';
import type { RedisClock } from '../../redis-clock.js';
import { PendingBatch } from './batch.js';
import type { SectionNews } from './layout.js';
import { EVENTS_FOR, PackWidths } from './pack-widths.js';
import { SectionTerms } from './section-terms.js';
import type { OutgoingEntry } from './outgoing-entry.js';
import { Repeats } from './repeats.js';
import { SendQueue } from './send-queue.js';
import { thrownText } from '../../../thrown.js';

/** Milliseconds for which the life of the record is not renewed again: a small part of it. */
const RENEW_EVERY = 60_000;

export interface WriterHooks {
  /** Frames of the reply log below this id are no longer needed; '' for none. */
  trim(): string;
  /** Replaces the connection, so that late packets of the old one cannot follow what is sent next. */
  recycle(): void;
  /** Hears which patterns are spread, where there are several shards. */
  readonly spread: SectionNews['spread'];
  readonly stored: SectionNews['stored'];
  /** Something is wrong that a person should read. Messages of one `kind` are alike. */
  complain(kind: string, message: string): void;
}

/**
 * Stores the entries that one client sends in one shard: in numbered batches, of which at most eight wait for an
 * answer. A batch whose answer was lost is sent again under its number, so that nothing is stored twice and nothing
 * is lost (rules L1–L4).
 */
export class Writer {
  private readonly queue: SendQueue;
  private epoch = 1;
  private number = 1;
  /** Highest number of this epoch that Redis acknowledged. */
  private acked = 0;
  /** When a copy left last (monotonic, ms). */
  private lastSent = 0;
  /** When the life of the record was renewed last (monotonic, ms). */
  private renewedAt = Number.NEGATIVE_INFINITY;
  private readonly unresolved: PendingBatch[] = [];
  private readonly news: SectionNews;
  private readonly repeats: Repeats;

  private incarnation: Incarnation = { id: '', born: 0, now: 0 };
  private connected = false;
  private refusal: CommandFailure | undefined;

  constructor(
    private readonly broker: CallerBroker,
    private readonly clock: Clock,
    private readonly redisClock: RedisClock,
    private readonly hooks: WriterHooks,
  ) {
    this.queue = new SendQueue(clock, {
      flush: () => this.flush(),
      isIdle: () => this.unresolved.length === 0,
      leaves: () => this.leaves,
    });
    this.news = {
      widths: new PackWidths(clock),
      eventWidths: new PackWidths(clock, EVENTS_FOR),
      terms: new SectionTerms(broker.maxBacklog),
      spread: hooks.spread,
      stored: (pattern, entries) => hooks.stored(pattern, entries),
    };
    this.repeats = new Repeats(clock, {
      isAwaiting: () => this.unresolved.some((batch) => batch.inFlight),
      prepare: () => broker.loadScripts(),
      repeat: () => this.repeat(),
    });
  }

  /** Why Redis stores nothing at this moment; undefined if it stores, or is not reached. */
  get obstacle(): Error | undefined {
    return this.refusal;
  }

  push(entry: OutgoingEntry): void {
    this.queue.push(entry);
  }

  /** A new connection is ready, and this is the memory it reached. */
  up(incarnation: Incarnation): void {
    this.connected = true;
    // What left for another memory may have been applied there, whatever this one says of its number.
    if (incarnation.id !== this.incarnation.id) this.unresolved.forEach((batch) => batch.taint());
    this.incarnation = incarnation;
    this.news.terms.forget();
    this.repeats.reset();
    // What was to be repeated on the connection before is repeated now, in order.
    this.repeats.stop();
    if (this.unresolved.length > 0) this.repeat();
    else this.flush();
  }

  down(): void {
    this.connected = false;
    this.refusal = undefined;
    this.repeats.stop();
  }

  private get leaves(): boolean {
    return this.connected && !this.repeats.areDue && this.unresolved.length < VERDICTS_KEPT;
  }

  private flush(): void {
    while (this.queue.length > 0 && this.leaves) {
      const entries = this.queue.take();
      if (entries.length === 0) return;
      const now = this.clock.now();
      // The record may have expired meanwhile; a new epoch needs none.
      if (
        this.unresolved.length === 0 &&
        this.number > 1 &&
        now - this.lastSent > RECORD_LIFE / 2
      ) {
        this.startEpoch();
      }
      const batch = new PendingBatch(this.epoch, this.number++, entries, now);
      this.unresolved.push(batch);
      void this.send(batch);
    }
  }

  private async send(batch: PendingBatch): Promise<void> {
    const now = this.clock.now();
    const { version, sections } = batch.nextVersion(now, this.news);
    const { incarnation } = this;
    for (const entry of batch.entries) entry.sending(incarnation, now);
    batch.inFlight = true;
    this.lastSent = now;
    const renew = version > 0 || batch.number === 1 || now - this.renewedAt > RENEW_EVERY;
    if (renew) this.renewedAt = now;
    let answer: EnqueueAnswer;
    try {
      answer = await this.broker.enqueue({
        epoch: batch.epoch,
        number: batch.number,
        version,
        incarnation: incarnation.id,
        stamp: this.redisClock.now(),
        trim: this.hooks.trim(),
        renew,
        sections,
      });
    } catch (error) {
      batch.inFlight = false;
      this.onFailure(batch, error as CommandFailure);
      this.repeats.goOn();
      return;
    }
    batch.inFlight = false;
    this.redisClock.observe(answer.now, now);
    this.onAnswer(batch, answer);
    this.repeats.goOn();
  }

  private async close(batch: PendingBatch): Promise<void> {
    batch.inFlight = true;
    const now = this.clock.now();
    try {
      const answer = await this.broker.closeNumber(batch.epoch, batch.number, this.incarnation.id);
      batch.inFlight = false;
      this.redisClock.observe(answer.now, now);
      this.onAnswer(batch, answer);
    } catch (error) {
      batch.inFlight = false;
      this.hooks.complain(
        'CALLER_RECORD_UNWRITABLE',
        `cannot write the caller record: ${thrownText(error)}`,
      );
      if (batch.epoch === this.epoch) this.wantRepeat();
    }
    this.repeats.goOn();
  }

  private onAnswer(batch: PendingBatch, answer: EnqueueAnswer): void {
    if (batch.epoch !== this.epoch) return;
    switch (answer.kind) {
      case 'applied':
        this.resolve(batch);
        batch.applied(answer, this.news);
        break;
      case 'closed':
        this.resolve(batch);
        batch.failed(batch.closing ?? new RedisStreamsError('REDIS', 'Redis refused the batch'));
        break;
      case 'forgotten':
        this.resolve(batch);
        batch.unknown();
        break;
      case 'stale':
        this.wantRepeat();
        break;
      case 'gap':
      case 'old':
        // Only a record below a number that was acknowledged proves that Redis lost memory.
        if (this.acked > 0 && (answer.epoch !== this.epoch || answer.number < this.acked)) {
          this.startOver();
        } else if (answer.kind === 'old') {
          this.epoch = Math.max(this.epoch, answer.epoch);
          this.startOver();
        } else {
          this.wantRepeat();
        }
        break;
      case 'incarnation':
        // This copy was refused; only an earlier one may have been applied, in the memory before.
        batch.refused();
        this.startOver();
        break;
    }
    this.flush();
  }

  private resolve(batch: PendingBatch): void {
    const at = this.unresolved.indexOf(batch);
    if (at !== -1) this.unresolved.splice(at, 1);
    this.acked = Math.max(this.acked, batch.number);
    this.repeats.reset();
    this.refusal = undefined;
  }

  private onFailure(batch: PendingBatch, failure: CommandFailure): void {
    if (failure.kind !== 'lost') batch.refused();
    if (batch.epoch !== this.epoch || failure.kind !== 'refused') return;
    if (failure.reply !== 'NOSCRIPT') this.refusedBy(failure);
    if (failure.reply !== 'NOSCRIPT' && !failure.passing) {
      const error = new RedisStreamsError('REDIS', failure.message, { cause: failure });
      batch.closing = error;
      if (batch.isUntouched) {
        for (const entry of batch.wanted()) if (!entry.tainted) entry.failed(error);
      }
    }
    this.wantRepeat();
  }

  /** Callers learn the reason at their deadline; the log has it at once. */
  private refusedBy(failure: CommandFailure): void {
    this.refusal = failure;
    // The connection itself tells that its server is no longer the one to talk to.
    const kind = `WRITE_REFUSED ${failure.reply}`;
    if (!failure.moved) this.hooks.complain(kind, `Redis stores nothing: ${failure.message}`);
  }

  /** Has what is unresolved repeated; nothing new leaves before. */
  private wantRepeat(): void {
    if (this.connected) this.repeats.want();
  }

  private repeat(): void {
    if (!this.connected) return;
    this.repeats.stop();
    this.giveUpOld();
    if (!this.connected) return;
    for (const batch of [...this.unresolved]) {
      if (batch.closing === undefined) void this.send(batch);
      else void this.close(batch);
    }
    this.flush();
  }

  /** The record lives for a limited time after its last batch; a batch older than half of that is not repeated. */
  private giveUpOld(): void {
    const oldest = this.clock.now() - RECORD_LIFE / 2;
    if (this.unresolved.some((batch) => batch.firstSent < oldest)) this.startOver();
  }

  /** Redis lost its memory of this caller: a new epoch carries over what is unresolved. */
  private startOver(): void {
    const oldest = this.clock.now() - RECORD_LIFE / 2;
    const carried: OutgoingEntry[] = [];
    for (const batch of this.unresolved) {
      batch.taint();
      if (batch.firstSent < oldest) batch.unknown();
      else carried.push(...batch.wanted());
    }
    this.startEpoch();
    this.queue.putBack(carried);
    this.repeats.stop();
    this.connected = false;
    this.hooks.recycle();
  }

  private startEpoch(): void {
    this.epoch++;
    this.number = 1;
    this.acked = 0;
    this.unresolved.length = 0;
    this.news.terms.forget();
  }
}

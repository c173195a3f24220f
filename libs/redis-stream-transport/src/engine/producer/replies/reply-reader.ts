import { compareIds, idAfter } from '../../../protocol/entry.js';
import { isEntryId } from '../../../protocol/limits.js';
import { decodeFrame, type Frame } from '../../../protocol/frame.js';
import type { CallerBroker, LogRecord } from '../../../redis/caller-broker.js';
import type { Clock } from '../../clock.js';

const PAGE = 100;
/** Milliseconds between two looks whether the log exists, while something is sent. */
const ATTACH_EVERY = 30_000;
/** Frames that may wait while the log is read; beyond, the log is simply read again. */
const MAX_WAITING = 10_000;
/** The log is trimmed after so many frames, milliseconds or characters. */
const TRIM = { frames: 256, after: 1000, length: 4_194_304 } as const;

export interface ReplyReaderHooks {
  frame(frame: Frame): void;
  /** Frames before this point may be gone: the log was made anew. */
  lost(): void;
  /** Something that may have answered a call could not be read: who waits may wait in vain. */
  ignored(): void;
  complain(message: string): void;
}

/** What a service publishes in the place of the id of a record that it could not write. */
const UNWRITTEN = '0-0';

/**
 * Frames of one caller in one shard: pushed over Pub/Sub, and read from the reply log after every
 * interruption. A frame is never dropped by its id; repetitions are told apart by call and index
 * (rule L15).
 */
export class ReplyReader {
  /** Everything up to this record has been processed. */
  private cursor = '0-0';
  /** A record that the log is known to have had. */
  private known: string | undefined;
  /** Frames may have been missed since the cursor, so pushed ones must not move it. */
  private behind = true;
  private subscribed = false;
  private catching: Promise<void> | undefined;
  private again = false;
  private waiting: { id: string; text: string }[] = [];
  /** Id of the frame that comes next, when it is long enough to come in a message of its own. */
  private announced: string | undefined;
  /** Monotonic time since which the log has certainly lost nothing. */
  private aliveSince = Number.POSITIVE_INFINITY;
  private attachedAt = Number.NEGATIVE_INFINITY;
  /** Monotonic time at which a frame was last ignored, or a service said that it could not write one. */
  private ignoredAt = Number.NEGATIVE_INFINITY;
  private sinceTrim = 0;
  /** Characters of frames since the last trim. */
  private untrimmed = 0;
  private trimmedAt = 0;

  constructor(
    private readonly broker: CallerBroker,
    private readonly clock: Clock,
    /** Whether everything that is published reaches the subscriber, so that the cursor has no gaps. */
    private readonly contiguous: boolean,
    private readonly hooks: ReplyReaderHooks,
  ) {}

  /** A Pub/Sub message: `id frame`, or, of a long frame, `id` and then `frame` alone. */
  message(text: string): void {
    const space = text.indexOf(' ');
    if (space === -1) {
      this.announced = isEntryId(text) ? text : undefined;
      if (this.announced === undefined) this.ignore('no frame');
      return;
    }
    const announced = this.announced;
    this.announced = undefined;
    // An id has a dash, and the version that a frame begins with has none.
    const alone = text.lastIndexOf('-', space) === -1;
    // A cluster may drop the message with the id; the frame is in the log.
    if (alone && announced === undefined) return;
    const id = alone ? (announced as string) : text.slice(0, space);
    this.take(isEntryId(id) ? id : UNWRITTEN, alone ? text : text.slice(space + 1));
  }

  /** @param id of its record in the log, unless it has none */
  private take(id: string, frame: string): void {
    if (this.catching === undefined) {
      this.process(id, frame);
    } else if (this.waiting.length < MAX_WAITING) {
      this.waiting.push({ id, text: frame });
    } else {
      this.waiting = [];
      this.again = true;
    }
  }

  /** The subscription is gone: from here on frames may be missed. */
  interrupted(): void {
    this.subscribed = false;
    this.announced = undefined;
    this.behind = true;
  }

  /** The subscription stands: what comes from here on is pushed. What came before is still to be read. */
  resumed(): void {
    this.subscribed = true;
  }

  /**
   * Reads what was missed. Frames that are pushed meanwhile wait, and the cursor stands. Rejects when
   * Redis cannot be read; whoever reconnects asks again.
   */
  catchUp(): Promise<void> {
    if (this.catching !== undefined) {
      this.again = true;
      return this.catching;
    }
    this.catching = this.readMissed().finally(() => {
      this.catching = undefined;
      const waiting = this.waiting;
      this.waiting = [];
      for (const { id, text } of waiting) this.process(id, text);
    });
    return this.catching;
  }

  /** Makes sure that the log exists before something is sent whose reply it will hold. */
  attach(): void {
    const now = this.clock.now();
    if (now - this.attachedAt < ATTACH_EVERY) return;
    this.attachedAt = now;
    this.broker.attach().then(
      (born) => {
        if (born === undefined) return;
        // What was sent from the moment of asking finds the log that was made then.
        this.aliveSince = now;
        this.known = born;
        if (compareIds(this.cursor, born) > 0) this.cursor = '0-0';
      },
      () => {
        this.attachedAt = Number.NEGATIVE_INFINITY;
      },
    );
  }

  /** Whether the log has lost nothing since then (monotonic), and everything up to `last` was processed. */
  isComplete(since: number, last: string | undefined): boolean {
    if (this.behind || last === undefined || since < this.aliveSince) return false;
    return compareIds(this.cursor, last) >= 0;
  }

  /**
   * Whether a call that began then may have been answered by something that could not be read: then no log,
   * however complete, proves that it was not settled.
   */
  mayHaveMissed(since: number): boolean {
    return since <= this.ignoredAt;
  }

  /** Whether the log holds records that were not processed yet. */
  isBehind(last: string | undefined): boolean {
    return this.behind || (last !== undefined && compareIds(this.cursor, last) < 0);
  }

  /** The id below which the log may be trimmed now, or ''. */
  trimPoint(): string {
    if (this.sinceTrim === 0 || !this.contiguous || this.behind) return '';
    const now = this.clock.now();
    if (this.sinceTrim < TRIM.frames && now - this.trimmedAt < TRIM.after) return '';
    return this.trimmed(now);
  }

  /** Trimming rides on what is sent; a long stream of values to a silent caller needs its own. */
  private trimIfLong(): void {
    if (this.untrimmed < TRIM.length || !this.contiguous || this.behind) return;
    this.broker.trimLog(this.trimmed(this.clock.now())).catch(() => undefined);
  }

  private trimmed(now: number): string {
    this.sinceTrim = 0;
    this.untrimmed = 0;
    this.trimmedAt = now;
    return idAfter(this.cursor);
  }

  private async readMissed(): Promise<void> {
    do {
      this.again = false;
      this.behind = true;
      const last = await this.broker.lastRecord();
      // Redis lost the log, or its clock was set back: a younger log with lower ids.
      if (last !== undefined && compareIds(last, this.cursor) < 0) this.cursor = '0-0';
      for (;;) {
        const page = await this.broker.readLog(this.cursor, PAGE);
        for (const record of page) this.read(record);
        if (page.length < PAGE) break;
      }
    } while (this.again);
    // Without a subscription the next frames are missed again, and must not be stepped over by pushed ones.
    this.behind = !this.subscribed;
  }

  private read({ id, frame, birth }: LogRecord): void {
    // Whoever settled found no log: what it held before is gone, if it held anything.
    if (birth && frame !== '') {
      this.aliveSince = this.clock.now();
      if (this.known !== undefined && this.known !== id) this.hooks.lost();
    }
    if (frame === undefined) this.ignore('a record of the reply log has none');
    else if (frame !== '') this.process(id, frame);
    this.cursor = this.known = id;
  }

  private process(id: string, text: string): void {
    if (!this.behind && id !== UNWRITTEN) this.cursor = this.known = id;
    this.sinceTrim++;
    this.untrimmed += text.length;
    this.trimIfLong();
    const frame = text === '' ? 'its service could not write it' : decodeFrame(text);
    if (typeof frame === 'string') {
      this.ignore(frame);
      return;
    }
    if (frame.unreadable > 0) this.ignore(`${frame.unreadable} replies name no call`);
    this.hooks.frame(frame);
  }

  private ignore(reason: string): void {
    this.ignoredAt = this.clock.now();
    this.hooks.complain(`a reply frame was ignored: ${reason}`);
    this.hooks.ignored();
  }
}

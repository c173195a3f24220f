import { compareIds, idAfter } from '../../../protocol/entry.js';
import { isEntryId } from '../../../protocol/limits.js';
import { decodeFrame, type Frame } from '../../../protocol/frame.js';
import type { CallerBroker, LogRecord } from '../../../redis/caller-broker.js';
import type { Clock } from '../../clock.js';

/** Records of the log that are read at once. */
const PAGE = 100;
/** Milliseconds after which the log is asked for again, while calls are made. */
const ATTACH_EVERY = 30_000;
/** Frames that may wait while the log is read. If more come, they are dropped and the log is read again. */
const MAX_WAITING = 10_000;
/** The log is trimmed after that many frames, milliseconds or characters. */
const TRIM = { frames: 256, after: 1000, length: 4_194_304 } as const;

export interface ReplyReaderHooks {
  frame(frame: Frame): void;
  /** The log was made anew, so frames before this point may be gone. */
  lost(): void;
  /** Something that may have answered a call could not be read, so a call may wait in vain. */
  ignored(): void;
  complain(message: string): void;
}

/** What a service publishes in place of a record's id when it could not write the record. */
const UNWRITTEN = '0-0';

/**
 * Receives the frames of one caller in one shard: over Pub/Sub, and after each interruption from the reply log. It
 * drops no frame because of its id, so frames may be repeated; the mux drops what it has by call and index (rule L15).
 */
export class ReplyReader {
  /** Id of a record: everything up to it has been processed. */
  private cursor = '0-0';
  /** Id of the last record that the log is known to have had. */
  private known: string | undefined;
  /** Frames after the cursor may have been missed, so pushed frames must not move it. */
  private lagging = true;
  private subscribed = false;
  /** The reading of the log that goes on now. */
  private catching: Promise<void> | undefined;
  /** The log is to be read once more after that. */
  private again = false;
  /** Frames that were pushed meanwhile. */
  private waiting: { id: string; text: string }[] = [];
  /** Id of the next message's frame: a long frame comes in two messages, and the first is its id. */
  private announced: string | undefined;
  /** Since when the log has certainly lost nothing (monotonic, ms). */
  private aliveSince = Number.POSITIVE_INFINITY;
  /** When the log was asked for last (monotonic, ms). */
  private attachedAt = Number.NEGATIVE_INFINITY;
  /** When a frame was last ignored, or a service said that it could not write one (monotonic, ms). */
  private ignoredAt = Number.NEGATIVE_INFINITY;
  /** Frames since the last trim. */
  private sinceTrim = 0;
  /** Characters of frames since the last trim. */
  private untrimmed = 0;
  private trimmedAt = 0;

  constructor(
    private readonly broker: CallerBroker,
    private readonly clock: Clock,
    private readonly hooks: ReplyReaderHooks,
  ) {}

  /** Takes a message of Pub/Sub: `id frame`; or of a long frame two messages, `id` and then `frame`. */
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
    // A frame without its id did not come from a script of ours. If it is a reply, it is in the log.
    if (alone && announced === undefined) return;
    const id = alone ? (announced as string) : text.slice(0, space);
    this.take(isEntryId(id) ? id : UNWRITTEN, alone ? text : text.slice(space + 1));
  }

  /** @param id of its record in the log, or UNWRITTEN */
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

  /** Messages were dropped, or may have been: they are still to be read. */
  missed(): void {
    this.announced = undefined;
    this.lagging = true;
  }

  /** The subscription is gone, so from here on frames may be missed. */
  interrupted(): void {
    this.subscribed = false;
    this.missed();
  }

  /** The subscription stands, so from here on frames are pushed. Those that came before are still to be read. */
  resumed(): void {
    this.subscribed = true;
  }

  /**
   * Reads what was missed. Frames that are pushed meanwhile wait, and do not move the cursor. Rejects when the log
   * cannot be read; the next connection reads it again.
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

  /** Makes sure that the log exists, before a call is sent whose reply it will hold. */
  attach(): void {
    const now = this.clock.now();
    if (now - this.attachedAt < ATTACH_EVERY) return;
    this.attachedAt = now;
    this.broker.attach().then(
      (born) => {
        if (born === undefined) return;
        // Calls that left after the question was sent find the log that it made.
        this.aliveSince = now;
        this.known = born;
        if (compareIds(this.cursor, born) > 0) this.cursor = '0-0';
      },
      () => {
        this.attachedAt = Number.NEGATIVE_INFINITY;
      },
    );
  }

  /**
   * Whether the log has lost nothing since then, and everything up to `last` was processed.
   *
   * @param since monotonic, ms
   * @param last id of the last record of the log; undefined: there is no log
   */
  isComplete(since: number, last: string | undefined): boolean {
    if (this.lagging || last === undefined || since < this.aliveSince) return false;
    return compareIds(this.cursor, last) >= 0;
  }

  /**
   * Whether a call that began then may have been answered by something that could not be read. If so, no log proves
   * that it was not settled.
   *
   * @param since monotonic, ms
   */
  mayHaveMissed(since: number): boolean {
    return since <= this.ignoredAt;
  }

  /** Whether the log, up to the record `last`, may hold something that was not processed yet. */
  isLagging(last: string | undefined): boolean {
    return this.lagging || (last !== undefined && compareIds(this.cursor, last) < 0);
  }

  /** The id below which the log may be trimmed now; '' if it is not to be trimmed yet. */
  trimPoint(): string {
    if (this.sinceTrim === 0 || this.lagging) return '';
    const now = this.clock.now();
    if (this.sinceTrim < TRIM.frames && now - this.trimmedAt < TRIM.after) return '';
    return this.trimmed(now);
  }

  /** Each batch that is sent trims the log. A caller that sends nothing and gets many values needs a command for it. */
  private trimIfLong(): void {
    if (this.untrimmed < TRIM.length || this.lagging) return;
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
      this.lagging = true;
      const last = await this.broker.lastRecord();
      // Redis lost the log, or its clock was set back: this is a younger log, with lower ids.
      if (last !== undefined && compareIds(last, this.cursor) < 0) this.cursor = '0-0';
      for (;;) {
        const page = await this.broker.readLog(this.cursor, PAGE);
        for (const record of page) this.read(record);
        if (page.length < PAGE) break;
      }
    } while (this.again);
    // Without a subscription the next frames are missed again, and a frame that is pushed later must not move the
    // cursor past them.
    this.lagging = !this.subscribed;
  }

  private read({ id, frame, birth }: LogRecord): void {
    // The service found no log when it wrote this record. If there was a log before, it is gone.
    if (birth && frame !== '') {
      this.aliveSince = this.clock.now();
      if (this.known !== undefined && this.known !== id) this.hooks.lost();
    }
    if (frame === undefined) this.ignore('a record of the reply log has none');
    else if (frame !== '') this.process(id, frame);
    this.cursor = this.known = id;
  }

  private process(id: string, text: string): void {
    if (!this.lagging && id !== UNWRITTEN) this.cursor = this.known = id;
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

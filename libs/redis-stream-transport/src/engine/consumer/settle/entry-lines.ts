import type { RetryPolicy } from '../../../options/index.js';
import { visible } from '../../../protocol/visible.js';
import { thrownStory } from '../../../thrown.js';
import type { Line, RateLimitedLogger, ToldLine } from '../../rate-limited-logger.js';
import type { Delivery } from '../run/delivery.js';
import type { FailedAttempt, DeadLetterCause } from '../run/ends.js';
import { correlationOf } from './correlation.js';

/** Most characters of a pattern in a log line: its text comes from a caller. */
const SHOWN = 200;

/** Number of an attempt, and how many are permitted. */
export interface Attempt {
  readonly number: number;
  readonly of: number;
}

/** The attempt that a delivery is. */
export function attemptOf(delivery: Delivery, { attempts }: RetryPolicy): Attempt {
  // An entry that may be started once only gets no second attempt.
  return { number: delivery.history.attempts + 1, of: delivery.once ? 1 : attempts };
}

/** Reasons for dead letters after a handler has run; all other reasons come before. */
const TRIED: ReadonlySet<string> = new Set(['attempts', 'final', 'handler']);

/** How often handlers had run when an entry became a dead letter for this reason. */
export function triesBefore(reason: string, { number }: Attempt): number {
  return TRIED.has(reason) ? number : number - 1;
}

/** An entry in a log line, with the id of its call, which stands in the caller's log too, and what it belongs to. */
export function nameOf({ callId, name, entry }: Delivery): string {
  const correlation = correlationOf(entry.headers);
  const call = callId === undefined ? '' : `, call ${callId}`;
  return `entry ${name}${call}${correlation === undefined ? '' : `, correlation ${correlation}`}`;
}

/** A line about an entry, with what is told beside its text, for loggers that write fields. */
export function aboutEntry(delivery: Delivery, text: () => string): () => ToldLine {
  return () => {
    const { callId, name: entry } = delivery;
    const correlationId = correlationOf(delivery.entry.headers);
    const facts = { pattern: patternOf(delivery), entry, callId, correlationId };
    return { text: text(), facts };
  };
}

/** A log line about an entry: pattern, words, id and call. */
export function lineOf(delivery: Delivery, words: string): string {
  return `${patternOf(delivery)}: ${words} (${nameOf(delivery)})`;
}

/** A line that is about an entry too, where one is known. */
export function aboutOne(delivery: Delivery | undefined, text: () => string): Line {
  if (delivery === undefined) return text;
  return aboutEntry(delivery, () => `${text()} (${nameOf(delivery)})`);
}

/** Writes log lines about single entries. Each kind and pattern has its own rate limit. */
export class EntryLines {
  constructor(private readonly logger: RateLimitedLogger) {}

  /** @param delay milliseconds until the next attempt */
  retry(delivery: Delivery, failed: FailedAttempt, { number, of }: Attempt, delay: number): void {
    const pattern = patternOf(delivery);
    const again = `again in ${Math.round(delay)} ms`;
    if (failed.thrown === undefined) {
      // The handler asked for another attempt: no warning.
      this.logger.log(
        `HANDLER_RETRIES ${pattern}`,
        aboutEntry(delivery, () => {
          const asked = visible(failed.detail);
          return lineOf(delivery, `attempt ${number} of ${of}: ${asked}; ${again}`);
        }),
      );
      return;
    }
    const { value } = failed.thrown;
    this.logger.warn(
      `HANDLER_FAILED ${pattern}`,
      aboutEntry(delivery, () => {
        const tried = `attempt ${number} of ${of} failed, ${again}`;
        return `${lineOf(delivery, tried)}: ${thrownStory(value)}`;
      }),
    );
  }

  /** Its next attempt could not be noted: after a take-over attempts are counted anew. */
  unnoted({ stream: { name } }: Delivery): void {
    const line = `attempts of ${name} cannot be noted: its "due" key holds something else`;
    this.logger.error(`RETRY_UNNOTED ${name}`, line);
  }

  /** Its handler went on after its signal fired; the entry is settled without it. */
  stuck(delivery: Delivery): void {
    this.logger.warn(
      `HANDLER_STUCK ${patternOf(delivery)}`,
      aboutEntry(delivery, () =>
        lineOf(delivery, 'a handler did not stop; its slot is free again'),
      ),
    );
  }

  /** @param id of the dead letter */
  dead(delivery: Delivery, letter: DeadLetterCause, { number, of }: Attempt, id: string): void {
    const { reason } = letter;
    const tried = TRIED.has(reason) ? `, attempt ${number} of ${of}` : '';
    this.logger.error(
      `DEAD_LETTER ${patternOf(delivery)}`,
      aboutEntry(delivery, () => {
        return `${lineOf(delivery, `became dead letter ${id}, ${reason}${tried}`)}: ${told(letter)}`;
      }),
    );
  }

  /**
   * The entry should have become a dead letter, but is not held any more.
   * @param asked how often Redis was asked; if more than once, an earlier try may have written the dead letter
   */
  notDead(delivery: Delivery, letter: DeadLetterCause, asked: number): void {
    const { reason } = letter;
    const words =
      asked === 1
        ? `became no dead letter here, ${reason}: it is another instance's by now`
        : `perhaps became a dead letter, ${reason}: an answer of Redis was lost`;
    this.logger.warn(
      `DEAD_LETTER_LOST ${patternOf(delivery)}`,
      aboutEntry(delivery, () => {
        return `${lineOf(delivery, words)}: ${told(letter)}`;
      }),
    );
  }
}

function told({ detail, thrown }: DeadLetterCause): string {
  return thrown === undefined ? visible(detail) : thrownStory(thrown.value);
}

/** The pattern of an entry, shortened. */
export function patternOf({ entry, stream }: Delivery): string {
  return visible((entry.pattern ?? stream.name).slice(0, SHOWN));
}

import type { RetryPolicy } from '../../../options/index.js';
import { visible } from '../../../protocol/visible.js';
import { thrownStory } from '../../../thrown.js';
import type { RateLimitedLogger } from '../../rate-limited-logger.js';
import type { Delivery } from '../run/delivery.js';
import type { FailedAttempt, DeadLetterCause } from '../run/ends.js';

/** Characters of a pattern in a log line. It comes from whoever sent the entry. */
const SHOWN = 200;

/** How often a handler was tried, and how often it may be. */
export interface Attempt {
  readonly number: number;
  readonly of: number;
}

/** This attempt of an entry that failed. */
export function attemptOf(delivery: Delivery, { attempts }: RetryPolicy): Attempt {
  // What may be started once only gets no other attempt.
  return { number: delivery.history.attempts + 1, of: delivery.once ? 1 : attempts };
}

/** Reasons for dead letters that come from a handler that was tried; all others come before one. */
const TRIED: ReadonlySet<string> = new Set(['attempts', 'final', 'handler']);

/** How often its handlers were tried when an entry is given up for a reason. */
export function triesBefore(reason: string, { number }: Attempt): number {
  return TRIED.has(reason) ? number : number - 1;
}

/** An entry in a log line: with the id of its call, by which a caller's log has it. */
export function nameOf(delivery: Delivery): string {
  const { callId, id } = delivery;
  return `entry ${id}` + (callId === undefined ? '' : `, call ${callId}`);
}

/** What happened to an entry: pattern, words, id, and call. */
export function lineOf(delivery: Delivery, words: string): string {
  return `${patternOf(delivery)}: ${words} (${nameOf(delivery)})`;
}

/** Writes what operators want to know of single entries, each kind for each pattern apart. */
export class EntryLines {
  constructor(private readonly logger: RateLimitedLogger) {}

  /** @param delay milliseconds until the next attempt */
  retry(delivery: Delivery, failed: FailedAttempt, { number, of }: Attempt, delay: number): void {
    const pattern = patternOf(delivery);
    const again = `again in ${Math.round(delay)} ms`;
    if (failed.thrown === undefined) {
      // A handler that asks for another attempt is no trouble.
      this.logger.log(`retry ${pattern}`, () => {
        const asked = visible(failed.detail);
        return lineOf(delivery, `attempt ${number} of ${of}: ${asked}; ${again}`);
      });
      return;
    }
    const { value } = failed.thrown;
    this.logger.warn(`failed ${pattern}`, () => {
      const tried = `attempt ${number} of ${of} failed, ${again}`;
      return `${lineOf(delivery, tried)}: ${thrownStory(value)}`;
    });
  }

  /** Its next attempt could not be noted: whoever takes it over counts anew. */
  unnoted({ stream: { name } }: Delivery): void {
    const line = `attempts of ${name} cannot be noted: its "due" key holds something else`;
    this.logger.error(`due ${name}`, line);
  }

  /** Its signal fired, and its handler went on; the entry is settled without it. */
  stuck(delivery: Delivery): void {
    this.logger.warn(`stuck ${patternOf(delivery)}`, () =>
      lineOf(delivery, 'a handler did not stop; its slot is free again'),
    );
  }

  /** @param id of the letter */
  dead(delivery: Delivery, letter: DeadLetterCause, { number, of }: Attempt, id: string): void {
    const { reason } = letter;
    const tried = TRIED.has(reason) ? `, attempt ${number} of ${of}` : '';
    this.logger.error(`dead ${patternOf(delivery)}`, () => {
      return `${lineOf(delivery, `became dead letter ${id}, ${reason}${tried}`)}: ${told(letter)}`;
    });
  }

  /**
   * It was to become a dead letter, and was not held any more.
   * @param asked how often Redis was: an earlier try, whose answer was lost, may have written the letter
   */
  notDead(delivery: Delivery, letter: DeadLetterCause, asked: number): void {
    const { reason } = letter;
    const words =
      asked === 1
        ? `became no dead letter here, ${reason}: it is another instance's by now`
        : `perhaps became a dead letter, ${reason}: an answer of Redis was lost`;
    this.logger.warn(`not dead ${patternOf(delivery)}`, () => {
      return `${lineOf(delivery, words)}: ${told(letter)}`;
    });
  }
}

function told({ detail, thrown }: DeadLetterCause): string {
  return thrown === undefined ? visible(detail) : thrownStory(thrown.value);
}

/** The pattern of an entry, in bounds. */
export function patternOf({ entry, stream }: Delivery): string {
  return visible((entry.pattern ?? stream.name).slice(0, SHOWN));
}

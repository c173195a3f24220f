import type { CallOutcome } from '../../libs/redis-stream-transport/src/errors.js';

/** A promise of docs/guarantees.md was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Run {
  readonly consumer: string;
  /** The handler asked for another attempt. */
  again: boolean;
  /** The handler returned, and its instance took note. */
  finished: boolean;
}

/** How a call ended for its caller. */
export interface Ending {
  readonly code: string;
  readonly outcome: CallOutcome | 'answered';
}

/** Everything that happened to one call or event. */
export class Story {
  readonly runs: Run[] = [];
  /** Runs whose final reply Redis accepted. A reply that is repeated, word for word, is one. */
  readonly completions = new Set<string>();
  ending: Ending | undefined;
  /** Redis lost memory after it was sent. */
  dataLost = false;
  /** Its group was destroyed after it was sent. */
  groupLost = false;
  /** The caller's reply log ended while nobody asked about it. */
  logLost = false;
  /** Nobody waits for it: it was cancelled, or its client closed. */
  givenUp = false;
  /** Memory was full while it was open. */
  refused = false;
  /** More than five minutes passed at once, longer than a batch is repeated for. */
  paused = false;
  /** It ended as not run, and Redis fell back to an older memory afterwards. */
  undone = false;

  /**
   * It may end at its deadline only. With its group the list of consumers is gone, and with that the way
   * from a dead instance to what it had started; and what could not be repeated for five minutes is
   * unknown, and not asked about.
   */
  get waitsForDeadline(): boolean {
    return this.ending === undefined && ((this.once && this.groupLost) || this.paused);
  }

  constructor(
    readonly id: number,
    readonly kind: 'call' | 'event',
    /** May be started once only. */
    readonly once: boolean,
    readonly endsAt: number,
  ) {}
}

/** Reads along, and notes the first thing that must not happen. */
export class History {
  readonly stories: Story[] = [];
  violation: Violation | undefined;
  private readonly leasesLost = new Set<string>();

  begin(kind: 'call' | 'event', once: boolean, endsAt: number): Story {
    const story = new Story(this.stories.length, kind, once, endsAt);
    this.stories.push(story);
    return story;
  }

  leaseLost(consumer: string): void {
    this.leasesLost.add(consumer);
  }

  /** Something happened to all that is open, or was: an excuse from now on. */
  all(excuse: 'groupLost' | 'logLost' | 'refused' | 'paused'): void {
    for (const story of this.stories) story[excuse] = true;
  }

  dataLost(): void {
    for (const story of this.stories) {
      story.dataLost = true;
      if (story.ending?.outcome === 'not-run') story.undone = true;
    }
  }

  ran(id: number, consumer: string): Run {
    const story = this.stories[id] as Story;
    if (story.ending?.outcome === 'not-run' && !story.undone) {
      this.found(`${story.kind} ${id} runs although it was told that it certainly does not`);
    }
    const before = story.runs.at(-1);
    if (before !== undefined && !story.dataLost) {
      if (story.once) this.found(`${story.kind} ${id} is started twice`);
      const cause = before.again || story.groupLost || this.leasesLost.has(before.consumer);
      if (!cause) this.found(`${story.kind} ${id} runs again without a cause`);
    }
    const run = { consumer, again: false, finished: false };
    story.runs.push(run);
    return run;
  }

  completed(id: number, run: string): void {
    const story = this.stories[id] as Story;
    story.completions.add(run);
    if (story.completions.size > 1 && !story.dataLost && !story.groupLost) {
      this.found(`a second completion of call ${id} was accepted`);
    }
  }

  ended(story: Story, ending: Ending): void {
    if (story.ending !== undefined) this.found(`${story.kind} ${story.id} ended twice`);
    story.ending = ending;
    if (ending.outcome === 'not-run' && story.runs.length > 0) {
      this.found(`${story.kind} ${story.id} ran, and is told that it certainly did not`);
    }
  }

  /** Not thrown: it is found in the middle of the library, which would take it for a fault of its own. */
  private found(text: string): void {
    this.violation ??= new Violation(text);
  }

  /** When everything has come to rest. */
  close(now: number): void {
    for (const story of this.stories) this.judge(story, now);
  }

  private judge(story: Story, now: number): void {
    const { kind, id, ending, runs } = story;
    if (ending === undefined) return this.found(`${kind} ${id} never ended`);
    if (ending.outcome === 'answered') {
      if (runs.some(({ finished }) => finished) || story.dataLost) return;
      return this.found(`${kind} ${id} was stored or answered, and never ran to its end`);
    }
    if (story.givenUp || story.dataLost) return;
    const { code } = ending;
    const excused =
      ((code === 'TIMEOUT' || code === 'NOT_CONNECTED') && now >= story.endsAt) ||
      (code === 'REDIS' && (story.refused || story.paused)) ||
      (code === 'REPLY_LOST' && (story.logLost || story.paused)) ||
      // There was no time left for the attempt that its handler asked for.
      (code === 'DEAD_LETTERED' && runs.some(({ again }) => again)) ||
      // It may have been started, in the words of Redis, by an instance that never heard of it.
      (code === 'INTERRUPTED' && story.once && this.leasesLost.size > 0);
    if (!excused) this.found(`${kind} ${id} was lost: ${code}, ${ending.outcome}`);
  }
}

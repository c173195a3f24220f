import type { Clock } from '../../clock.js';

/** Milliseconds until replicas are asked again that could not be asked, or did not have all. */
const AGAIN = 50;
/** Messages that may wait. If more come, all are read from the log. */
const MAX_WAITING = 10_000;

export interface ConfirmedRepliesHooks {
  /** Whether enough replicas have what the server wrote until now. Rejects when it cannot be asked. */
  confirm(): Promise<boolean>;
  /** Messages come from the server that is asked. */
  isSameServer(): boolean;
  message(text: string): void;
  /** Messages were dropped: they are still to be read from the log. */
  missed(): void;
  /** Reads the log. */
  read(): void;
}

/**
 * Holds back the messages of a subscription until replicas have what the server has published. A script publishes
 * replies in the step that settles their entries, so a reply that was passed on at once could be of a settlement that
 * is lost with the server, and its call would run again.
 */
export class ConfirmedReplies {
  private waiting: string[] = [];
  private asking = false;
  /** Rises when messages are dropped: an answer about them does not count any more. */
  private epoch = 0;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: ConfirmedRepliesHooks,
  ) {}

  message(text: string): void {
    if (this.waiting.push(text) > MAX_WAITING) {
      this.drop();
      this.hooks.read();
    } else if (!this.asking) void this.ask();
  }

  /** A connection has ended. What its server had published may be lost. */
  drop(): void {
    this.epoch++;
    this.waiting = [];
    this.hooks.missed();
  }

  /** Never rejects. */
  private async ask(): Promise<void> {
    const { epoch } = this;
    const { length } = this.waiting;
    this.asking = true;
    const isKept = this.hooks.isSameServer() && (await this.hooks.confirm().catch(() => false));
    this.asking = false;
    if (isKept && epoch === this.epoch) {
      for (const text of this.waiting.splice(0, length)) this.hooks.message(text);
    }
    if (this.waiting.length === 0) return;
    if (isKept) void this.ask();
    else this.later();
  }

  private later(): void {
    this.asking = true;
    this.clock.after(AGAIN, () => void this.ask());
  }
}

import { RedisStreamsError } from '../../errors.js';

/** Milliseconds that a start, or a call of a strict client, waits for the first result. */
const PATIENCE = 2000;
/** Calls that wait for it at most: as many as `maxPending` lets be open by default. */
const MOST = 10_000;

/** The first result of comparing a contract with its servers, and the calls that wait for it. */
export class FirstResult {
  private readonly waiting = new Set<(isThere: boolean) => void>();
  private known = false;

  get isThere(): boolean {
    return this.known;
  }

  /**
   * Resolves when it is there, or after 2 s, and says which.
   * @throws RedisStreamsError OVERLOADED: 10,000 wait already
   */
  async wait(): Promise<boolean> {
    if (this.known) return true;
    if (this.waiting.size >= MOST) {
      const told = `${MOST} calls wait for the comparison of their contract; nothing was sent`;
      throw new RedisStreamsError('OVERLOADED', told);
    }
    return new Promise((resolve) => {
      const end = (isThere: boolean): void => {
        clearTimeout(limit);
        this.waiting.delete(end);
        resolve(isThere);
      };
      const limit = setTimeout(end, PATIENCE, false);
      this.waiting.add(end);
    });
  }

  arrived(): void {
    this.known = true;
    for (const end of this.waiting) end(true);
  }
}

import type { Caller } from './caller.js';
import { Tally } from './tally.js';

/** How a call of a load ended. */
export interface Ended {
  readonly key: number;
  readonly error?: { readonly code: string; readonly outcome: string };
}

/** Calls that go on until a test stops them; every end is noted. */
export class Load {
  readonly ended: Ended[] = [];
  sent = 0;
  private going = true;
  private readonly calls: Promise<void>[] = [];
  private readonly loop: Promise<void>;

  /** @param width calls that are open at once */
  constructor(
    private readonly client: Caller,
    width: number,
    private readonly timeout = 20_000,
  ) {
    this.loop = this.run(width);
  }

  /** Resolves when every call has ended. */
  async stop(): Promise<void> {
    this.going = false;
    await this.loop;
    await Promise.all(this.calls);
  }

  get answered(): number {
    return this.ended.filter(({ error }) => error === undefined).length;
  }

  get failed(): Ended[] {
    return this.ended.filter(({ error }) => error !== undefined);
  }

  private async run(width: number): Promise<void> {
    const lane = async (): Promise<void> => {
      while (this.going) {
        await this.one(this.sent++);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: width }, lane));
  }

  private async one(key: number): Promise<void> {
    try {
      const answer = await this.client.call('work', { key }, { timeout: this.timeout });
      if (answer !== key) throw new Error(`call ${key} was answered ${String(answer)}`);
      this.ended.push({ key });
    } catch (error) {
      this.ended.push({ key, error: error as NonNullable<Ended['error']> });
    }
  }
}

/** A handler that notes which calls it ran. */
export function counting(): { ran: Tally; work: (data: { key: number }) => Promise<number> } {
  const ran = new Tally();
  const work = async ({ key }: { key: number }) => {
    ran.add(key);
    return key;
  };
  return { ran, work };
}

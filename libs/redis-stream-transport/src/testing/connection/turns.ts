import { outside } from '../../engine/outside.js';

/** Turns of the event loop without any traffic after which everything has come to rest. */
const QUIET = 10;
/** Turns after which it never will. */
const MOST = 100_000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Brings answers and messages to their receivers, one in each turn of the event loop, in order. */
export class Turns {
  private traffic = 0;
  private open = 0;

  deliver(task: () => void): void {
    this.traffic++;
    this.open++;
    // Who receives something is not in the asynchronous context of who sent it, as with sockets.
    outside(() =>
      setImmediate(() => {
        this.open--;
        task();
      }),
    );
  }

  /** Resolves when nothing has moved for some turns. Rejects when that does not end. */
  async settled(): Promise<void> {
    let [quiet, seen] = [0, this.traffic];
    for (let turns = 0; quiet < QUIET; turns++) {
      if (turns === MOST) throw new Error(`the test broker has no rest after ${MOST} turns`);
      await turn();
      const isQuiet = this.open === 0 && this.traffic === seen;
      quiet = isQuiet ? quiet + 1 : 0;
      seen = this.traffic;
    }
  }
}

import { thrownText } from '../../thrown.js';
import type { Screen } from '../screen.js';
import type { ScreenEvents, WholeScreen } from '../terminal.js';
import { frame, type Size } from './frame.js';
import type { Looks } from './sections.js';
import type { PressedKey, View } from './view.js';
import type { TopLook, Watch } from './watch.js';

/** Milliseconds over which the instances' work is summed up. */
const WINDOW = 60_000;
/** Milliseconds between looks that are remembered for that. */
const REMEMBERED_EVERY = 5000;
/** A look takes at most this part of the time. */
const SHARE = 5;
/** A screen is never taken to be smaller. */
const LEAST: Size = { columns: 40, rows: 8 };

const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

export interface LiveParts {
  readonly watch: Pick<Watch, 'look'>;
  readonly view: View;
  /** Milliseconds from look to look, at least. */
  readonly interval: number;
  /** Makes control characters visible, and colours what it may. */
  readonly screen: Screen;
  take(told: ScreenEvents): WholeScreen;
}

/** Looks again and again, and shows what it sees on the whole screen, until somebody quits. */
export class Live implements ScreenEvents {
  private readonly whole: WholeScreen;
  /** Earlier looks, the oldest first. */
  private readonly earlier: TopLook[] = [];
  private looks: Looks | undefined;
  private trouble = '';
  private isOver = false;
  private end: () => void = () => undefined;
  private readonly over = new Promise<undefined>(
    (resolve) => (this.end = () => resolve(undefined)),
  );
  private wake: () => void = () => undefined;

  constructor(private readonly parts: LiveParts) {
    this.whole = parts.take(this);
  }

  /** Rejects when the first look fails. The screen is given back in any case. */
  async run(): Promise<void> {
    const { interval, view } = this.parts;
    try {
      this.whole.write(`${HOME}looking …${REST_OF_SCREEN}`);
      while (!this.isOver) {
        const began = performance.now();
        await this.look();
        this.draw();
        const took = performance.now() - began;
        await this.pause(Math.max(interval - took, took * (SHARE - 1)));
        while (view.isHeld && !this.isOver) await this.pause(interval);
      }
    } finally {
      this.whole.giveBack();
    }
  }

  pressed(key: PressedKey): void {
    const told = this.parts.view.press(key, Math.max(1, this.size.rows - 8));
    if (told === 'quit') return this.ended();
    this.draw();
    if (told === 'again') this.wake();
  }

  resized(): void {
    this.draw();
  }

  ended(): void {
    this.isOver = true;
    this.end();
    this.wake();
  }

  private async look(): Promise<void> {
    const look = this.parts.watch.look();
    // It fails when it is over before it has an answer, because the connections are closed then.
    look.catch(() => undefined);
    try {
      const now = await Promise.race([look, this.over]);
      if (now === undefined) return;
      this.note(now);
      this.trouble = '';
    } catch (error) {
      if (this.looks === undefined) throw error;
      this.trouble = `the last look failed: ${thrownText(error)}`;
    }
  }

  private note(now: TopLook): void {
    const { earlier } = this;
    const before = this.looks?.now;
    const last = earlier.at(-1);
    if (before !== undefined && (last === undefined || before.at - last.at >= REMEMBERED_EVERY)) {
      earlier.push(before);
    }
    while (earlier.length > 1 && now.at - (earlier[1] as TopLook).at >= WINDOW) earlier.shift();
    this.looks = { now, before, since: earlier[0] };
  }

  private draw(): void {
    const { looks, trouble } = this;
    if (looks === undefined || this.isOver) return;
    const { view, interval, screen } = this.parts;
    const lines = frame({ looks, view, interval, trouble }, this.size);
    const texts = lines.map(({ text, colour }) => `${screen.shown(text, colour)}${REST_OF_LINE}`);
    this.whole.write(`${HOME}${texts.join('\r\n')}${REST_OF_SCREEN}`);
  }

  private get size(): Size {
    const { columns, rows } = this.whole;
    return {
      columns: Math.max(LEAST.columns, columns || 80),
      rows: Math.max(LEAST.rows, rows || 24),
    };
  }

  /** Waits, or until it is woken. */
  private async pause(ms: number): Promise<void> {
    if (this.isOver) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

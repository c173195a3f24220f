import type { PressedKey } from './top/view.js';

/** Where the words of the command go and come from; a test looks at them. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Characters of a line, where output goes to a terminal; undefined elsewhere. */
  readonly columns?: number | undefined;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input. */
  read?(): Promise<string>;
  /** Ends what runs until it is interrupted; a test does that. Undefined: signals do. */
  readonly ended?: Promise<unknown> | undefined;
  /** Asks the person at the terminal; undefined where nobody is. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Takes the whole screen, until it is given back; undefined where output or input is no terminal. */
  readonly wholeScreen?: ((told: ScreenEvents) => WholeScreen) | undefined;
}

/** What happens at a screen. */
export interface ScreenEvents {
  pressed(key: PressedKey): void;
  resized(): void;
  /** Somebody wants the command to end: a signal, or the terminal is gone. */
  ended(): void;
}

/** The screen of a terminal, without what stood there before. */
export interface WholeScreen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Shows again what stood there before. Idempotent. */
  giveBack(): void;
}

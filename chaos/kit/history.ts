// Append-only histories: one line of JSON per event.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** The kernel has the line when `write` returns, so a killed process loses none. */
export class History {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(event: Readonly<Record<string, unknown>>): void {
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Reads what a process wrote. The code that wrote it knows the kinds of its events. */
export function readHistory<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // After the last line feed stands nothing, or an incomplete line of a process that was stopped.
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as T;
    } catch {
      throw new Error(`${path}:${i + 1} is no line of a history`);
    }
  });
}

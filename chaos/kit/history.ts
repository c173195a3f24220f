// Append-only histories, a line of JSON per event.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Every line is in the kernel's hands when `write` returns: a killed process loses none. */
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

/** What a process wrote; of which kinds its events are, its writer says. */
export function readHistory<T>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // After the last line feed: nothing, or what a process was writing when the machine stopped it.
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as T;
    } catch {
      throw new Error(`${path}:${i + 1} is no line of a history`);
    }
  });
}

// Append-only histories, a line of JSON per event.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Every line is in the kernel's hands when `write` returns: a killed process loses none. */
export class History {
  /** @readonly */
  #file;

  /** @param {string} path */
  constructor(path) {
    this.#file = openSync(path, 'a');
  }

  /** @param {Readonly<Record<string, unknown>>} event */
  write(event) {
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
  }

  close() {
    closeSync(this.#file);
  }
}

/** @param {string} path @returns {Record<string, any>[]} */
export function readHistory(path) {
  const lines = readFileSync(path, 'utf8').split('\n');
  // Behind the last line feed: nothing, or what a process was writing when the machine stopped it.
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line);
    } catch {
      throw new Error(`${path}:${i + 1} is no line of a history`);
    }
  });
}

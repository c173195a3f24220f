import { appendFileSync } from 'node:fs';

/**
 * Counts executions in a file, so that neither Redis nor the transport can hide one. Each line is in the file
 * before the handler does anything, so it is there even if the process is killed in the next moment.
 */
export class Journal {
  constructor(private readonly file?: string) {}

  record(kind: 'started' | 'finished' | 'handled', id: string): void {
    if (this.file) appendFileSync(this.file, `${kind} ${id}\n`);
  }
}

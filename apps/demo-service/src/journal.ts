import { appendFileSync } from 'node:fs';

/**
 * Counts executions where neither Redis nor the transport can hide one. Each line is in the file
 * before the handler does anything, so it stands even if the process is killed in the next moment.
 */
export class Journal {
  constructor(private readonly file?: string) {}

  record(kind: 'started' | 'finished' | 'handled', id: string): void {
    if (this.file) appendFileSync(this.file, `${kind} ${id}\n`);
  }
}

// How far the chaos suite of a cell was played today: it takes minutes, and may be stopped at any time.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../../tools/repository.js';

/** What it is played on. What was played on something else, or on another day, counts no more. */
export interface PlayedOn {
  readonly server: string;
  readonly node: string;
  readonly date: string;
}

/** Calls by the name of a scenario that held. */
type Calls = Readonly<Record<string, number>>;

export class Progress {
  private readonly file: string;
  private readonly on: string;

  constructor(cell: string, { server, node, date }: PlayedOn, folder = join(cache, 'matrix')) {
    this.file = join(folder, `${cell}.json`);
    this.on = [server, node, date].join(' ');
    mkdirSync(folder, { recursive: true });
  }

  get calls(): Calls {
    if (!existsSync(this.file)) return {};
    const { on, calls } = JSON.parse(readFileSync(this.file, 'utf8')) as {
      on: string;
      calls: Calls;
    };
    return on === this.on ? calls : {};
  }

  keep(scenario: string, calls: number): void {
    const all = { ...this.calls, [scenario]: calls };
    writeFileSync(this.file, JSON.stringify({ on: this.on, calls: all }));
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { endsWithThis, killed } from '../../tools/process.js';
import { repository } from '../../tools/repository.js';
import type { VictimOptions } from './victim.js';

/** The process of `victim.ts`. */
export class Victim {
  private text = '';

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.text += text));
  }

  static start(options: VictimOptions): Victim {
    const program = join(repository, 'test/brokers/victim.ts');
    const args = ['--import', 'tsx', program, JSON.stringify(options)];
    const child = spawn(process.execPath, args, {
      cwd: repository,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Victim(endsWithThis(child));
  }

  get said(): readonly string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }

  /** How many commands it has begun. */
  get begun(): number {
    return this.said.filter((word) => word === 'began').length;
  }

  async kill(): Promise<void> {
    await killed(this.child);
  }
}

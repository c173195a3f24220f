// A process of the demo: its output is kept in a file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Forked } from '../../tools/forked.js';
import { repository } from '../../tools/repository.js';

const dist = join(repository, 'dist', 'apps');
/** Preloaded into each process, so that none of them stays when the demo ends, however it ends. */
const withParent = `data:text/javascript,${encodeURIComponent("process.once('disconnect', () => process.exit());")}`;

/** What the demo and its processes share. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** Where outputs and journals are kept. */
  readonly folder: string;
}

export interface ChildOptions extends Surroundings {
  /** Which of the built apps it runs. */
  readonly app: string;
  readonly name: string;
  readonly args: readonly string[];
}

export class Child extends Forked {
  private readonly output: string;

  constructor({ app, name, args, env, folder }: ChildOptions) {
    const output = join(folder, `${name}.log`);
    super({
      name,
      program: join(dist, app, 'main.js'),
      args,
      execArgv: ['--import', withParent],
      env: { ...env, NO_COLOR: '1' },
      output,
    });
    this.output = output;
  }

  lastLines(count: number): string[] {
    return readFileSync(this.output, 'utf8').trimEnd().split('\n').slice(-count);
  }
}

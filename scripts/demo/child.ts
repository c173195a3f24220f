// A process of the demo: forked, its output kept in a file, ended for certain.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, endsWithThis, killed, terminated, type Ending } from '../../tools/process.js';
import { repository } from '../../tools/repository.js';

const dist = join(repository, 'dist', 'apps');
/** Preloaded into each process: whatever becomes of the demo, none of them stays. */
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

export class Child {
  readonly name: string;
  readonly ended: Promise<Ending>;
  protected readonly process: ChildProcess;
  private readonly output: string;

  constructor({ app, name, args, env, folder }: ChildOptions) {
    this.name = name;
    this.output = join(folder, `${name}.log`);
    const log = openSync(this.output, 'a');
    this.process = endsWithThis(
      fork(join(dist, app, 'main.js'), args, {
        env: { ...process.env, ...env, NO_COLOR: '1' },
        execArgv: ['--import', withParent],
        stdio: ['ignore', log, log, 'ipc'],
      }),
    );
    closeSync(log);
    this.ended = ended(this.process);
  }

  /** Settles with the message that matches; rejects if the process ends or stays silent instead. */
  async message<T>(matches: (message: unknown) => message is T, withinMs: number): Promise<T> {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), withinMs);
    const arrived = this.arrival(matches, silence.signal);
    const gone = this.ended.then((how) => Promise.reject(new Error(`${this.name} ended: ${how}`)));
    try {
      return await Promise.race([arrived, gone]);
    } catch (error) {
      throw silence.signal.aborted ? new Error(`${this.name} says nothing`) : error;
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  kill(): Promise<Ending> {
    return killed(this.process);
  }

  /** As an orchestrator ends a process. */
  terminate(): Promise<Ending> {
    return terminated(this.process);
  }

  lastLines(count: number): string[] {
    return readFileSync(this.output, 'utf8').trimEnd().split('\n').slice(-count);
  }

  private async arrival<T>(
    matches: (message: unknown) => message is T,
    signal: AbortSignal,
  ): Promise<T> {
    for (;;) {
      const [message] = (await once(this.process, 'message', { signal })) as [unknown];
      if (matches(message)) return message;
    }
  }
}

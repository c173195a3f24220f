// A forked process with a channel. It can be told, asked and frozen, and it always ends.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { ended, endsWithThis, hasEnded, killed, terminated, type Ending } from './process.js';

export interface ForkOptions {
  /** Name of the process in messages. */
  readonly name: string;
  /** Plain JavaScript, unless `execPath` names something else than Node. */
  readonly program: string;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  /** What runs the program, by default this Node. It gets the descriptor of the channel in `NODE_CHANNEL_FD`. */
  readonly execPath?: string;
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** A file to which its output is appended; by default its last lines are kept for error messages. */
  readonly output?: string | undefined;
}

/** Characters of what a process printed last. */
const TAIL = 4000;

export class Forked {
  readonly name: string;
  /** How it ended, when it has. */
  readonly ended: Promise<Ending>;
  /** Resolves when it has ended and everything that it printed has been read. */
  readonly closed: Promise<void>;
  protected readonly process: ChildProcess;
  private tail = '';

  constructor({ name, program, args = [], execArgv = [], env = {}, ...options }: ForkOptions) {
    const { output, execPath = process.execPath } = options;
    this.name = name;
    const file = output === undefined ? undefined : openSync(output, 'a');
    this.process = endsWithThis(
      fork(program, args, {
        execPath,
        execArgv: [...execArgv],
        env: { ...process.env, ...env },
        stdio: ['ignore', file ?? 'pipe', file ?? 'pipe', 'ipc'],
      }),
    );
    if (file !== undefined) closeSync(file);
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk) => (this.tail = (this.tail + String(chunk)).slice(-TAIL)));
    this.ended = ended(this.process);
    this.closed = new Promise((resolve) => this.process.once('close', () => resolve()));
  }

  get pid(): number {
    return this.process.pid as number;
  }

  get isAlive(): boolean {
    return !hasEnded(this.process);
  }

  /** What it printed last, if its output goes to no file. */
  get said(): string {
    return this.tail;
  }

  /** Does nothing when it has ended. */
  tell(message: object): void {
    if (this.isAlive && this.process.connected) this.process.send(message, () => {});
  }

  /**
   * The next message that matches. Rejects when the process ends, or is silent for `within` milliseconds.
   */
  async message<T>(matches: (message: unknown) => message is T, within: number): Promise<T> {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), within);
    const arrived = this.arrival(matches, silence.signal);
    const gone = this.ended.then((how) => {
      throw new Error(`${this.name} ended: ${how}\n${this.tail}`.trimEnd());
    });
    try {
      return await Promise.race([arrived, gone]);
    } catch (error) {
      throw silence.signal.aborted ? new Error(`${this.name} says nothing`) : error;
    } finally {
      clearTimeout(timer);
      silence.abort();
      arrived.catch(() => {});
      gone.catch(() => {});
    }
  }

  /** Ends it as a crash does. */
  kill(): Promise<Ending> {
    return killed(this.process);
  }

  /** Ends it as an orchestrator does: SIGTERM, and SIGKILL after `patience` milliseconds. */
  terminate(patience?: number): Promise<Ending> {
    return terminated(this.process, patience);
  }

  /** Freezes it: its connections stay, and it does not answer. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.process.kill('SIGCONT');
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

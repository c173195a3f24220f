import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { builtLibrary, program } from './built-library.js';

export interface Report {
  readonly kind: 'listening' | 'failed' | 'started' | 'aborted' | 'finished';
  readonly key?: unknown;
  readonly deliveries?: number;
  readonly consumer?: string;
  readonly reason?: string;
}

// All files of the library are built before the first test, which takes a while on a busy machine.
beforeAll(() => void builtLibrary(), 120_000);

/** A service instance in a process of its own, which a test may kill, freeze or ask to end. */
export class Instance {
  readonly reports: Report[] = [];

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (report) => this.reports.push(report as Report));
  }

  static async start(options: RedisStreamsServerOptions): Promise<Instance> {
    const file = program('instance');
    const child = fork(file, [JSON.stringify({ library: builtLibrary(), options })], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const instance = new Instance(child);
    onTestFinished(() => instance.kill());
    await instance.listening();
    return instance;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  of(kind: Report['kind']): Report[] {
    return this.reports.filter((report) => report.kind === kind);
  }

  keys(kind: Report['kind']): unknown[] {
    return this.of(kind).map(({ key }) => key);
  }

  finish(key: unknown): void {
    this.child.send({ kind: 'finish', key });
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** SIGKILL: no farewell. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** SIGTERM: resolves with the exit code when it has drained and left. */
  terminate(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exit = once(this.child, 'exit');
    this.child.kill(signal);
    await exit;
    return this.child.exitCode;
  }

  private async listening(): Promise<void> {
    await vi.waitFor(() => expect(this.reports).not.toEqual([]), { timeout: 20_000, interval: 20 });
    const [first] = this.reports;
    if (first?.kind !== 'listening') throw new Error(`not listening: ${JSON.stringify(first)}`);
  }
}

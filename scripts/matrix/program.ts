// Runs a program and all that it starts: when this process is told to end, they end first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Ran {
  readonly status: number;
  readonly printed: string;
}

/** Milliseconds that the program has to end in when this process is told to. */
const PATIENCE = 10_000;

export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ran> {
  // A group of its own: servers that it has started are told too.
  const child = spawn(program, args, {
    ...options,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const tell = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group has ended.
    }
  };
  const stop = () => {
    tell('SIGTERM');
    setTimeout(() => tell('SIGKILL'), PATIENCE).unref();
    child.once('close', () => {
      tell('SIGKILL');
      process.exit(130);
    });
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, stop);
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    return { status: status ?? 1, printed };
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

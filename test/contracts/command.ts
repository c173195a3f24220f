import { inject } from 'vitest';
import { runCommand } from '../../libs/redis-stream-transport/src/cli/run-command.js';
import type { Terminal } from '../../libs/redis-stream-transport/src/cli/terminal.js';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process. */
export const command = (...args: string[]): Promise<Said> => commandAt({}, ...args);

/** The same at another terminal. */
export async function commandAt(terminal: Partial<Terminal>, ...args: string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const code = await runCommand(args, {
    env: { REDIS_URL: inject('redisUrl') },
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    ...terminal,
  });
  return { code, ...said };
}

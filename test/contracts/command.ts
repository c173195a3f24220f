import { inject } from 'vitest';
import { runCommand } from '../../libs/redis-stream-transport/src/cli/run-command.js';

/** Runs the command line in this process. */
export async function command(
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const code = await runCommand(args, {
    env: { REDIS_URL: inject('redisUrl') },
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said };
}

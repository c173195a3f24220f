import { runCommand } from '../../libs/redis-stream-transport/src/cli/run-command.js';
import type { Terminal } from '../../libs/redis-stream-transport/src/cli/terminal.js';
import { testCluster } from '../support/place.js';
import { redisUrl } from '../support/redis.js';

/** The arguments that lead to where the services of the tests are. */
export const where: readonly string[] = testCluster
  ? ['--cluster', testCluster.addresses.map(({ host, port }) => `${host}:${port}`).join(',')]
  : ['--url', redisUrl];

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process. Without a place of its own it asks where the services of the tests are. */
export const command = (...args: string[]): Promise<Said> => commandAt({}, ...args);

/** The same at another terminal. */
export async function commandAt(terminal: Partial<Terminal>, ...args: string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const told = terminal.env?.['REDIS_URL'] !== undefined;
  const code = await runCommand(testCluster && !told ? inCluster(args) : args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    ...terminal,
    env: { REDIS_URL: redisUrl, ...terminal.env },
  });
  return { code, ...said };
}

const ASKING: ReadonlySet<unknown> = new Set(
  'generate drained dead scheduled call emit pause resume pending explain doctor stats ping top services'.split(
    ' ',
  ),
);

/** No variable of the environment names a Cluster. */
function inCluster(args: readonly string[]): string[] {
  const told = args.includes('--url') || args.includes('--cluster');
  return told || !ASKING.has(args[0]) ? [...args] : [...args, ...where];
}

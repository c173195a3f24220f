import { parseArgs } from 'node:util';
import type { RedisStreamsClientOptions } from '../options/index.js';
import { thrownText } from '../thrown.js';
import { Failure } from './failure.js';
import type { Terminal } from './terminal.js';

type Options = Readonly<Record<string, { readonly type: 'string'; readonly default?: string }>>;
type Values<O extends Options> = {
  readonly [N in keyof O]: O[N] extends { readonly default: string } ? string : string | undefined;
};

/** The arguments that say where Redis is. */
export const WHERE = {
  url: { type: 'string' },
  cluster: { type: 'string' },
  prefix: { type: 'string', default: 'nrs' },
} as const satisfies Options;

/** @throws Failure if the command was called wrongly */
export function argumentsOf<const O extends Options>(
  args: readonly string[],
  options: O,
): Values<O> {
  try {
    return parseArgs({ args: [...args], options }).values as unknown as Values<O>;
  } catch (error) {
    throw new Failure(thrownText(error), 2);
  }
}

/** The options of a client that the arguments and the environment name. */
export function placeOf(
  {
    url,
    cluster,
    prefix,
  }: { url?: string | undefined; cluster?: string | undefined; prefix: string },
  { env }: Terminal,
): RedisStreamsClientOptions {
  if (cluster !== undefined && url !== undefined) {
    throw new Failure('--url and --cluster exclude each other', 2);
  }
  const here = { prefix, retryAttempts: 2 };
  if (cluster !== undefined) return { ...here, cluster: { nodes: cluster.split(',') } };
  return { ...here, url: url ?? (env['REDIS_URL'] || 'redis://localhost:6379') };
}

/** A whole number that was given as an argument. @throws Failure */
export function numberOf(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Failure(`--${name} is a whole number`, 2);
}

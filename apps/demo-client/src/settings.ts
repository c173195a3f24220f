import { parseArgs } from 'node:util';

export interface Settings {
  /** How many calls to make. */
  readonly calls: number;
  /** How many calls to have under way at a time. */
  readonly concurrency: number;
  /** Started by the demo, which says over IPC what to do. */
  readonly directed: boolean;
  readonly url: string;
  readonly prefix: string;
  /** It makes no calls of its own: it is a gateway, which calls for those who ask it over HTTP at this port. */
  readonly httpPort?: number;
}

export function readSettings(args: string[], env: NodeJS.ProcessEnv): Settings {
  const { values } = parseArgs({
    args,
    options: {
      calls: { type: 'string', default: '1000' },
      concurrency: { type: 'string', default: '24' },
      directed: { type: 'boolean', default: false },
    },
  });
  return {
    calls: count('calls', values.calls),
    concurrency: count('concurrency', values.concurrency),
    directed: values.directed,
    url: env['REDIS_URL'] || 'redis://localhost:6379',
    prefix: env['NRS_PREFIX'] || 'nrs',
    ...(env['HTTP_PORT'] ? { httpPort: Number(env['HTTP_PORT']) } : {}),
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} must be a whole number above 0, not "${text}"`);
  return value;
}

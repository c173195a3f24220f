import { parseArgs } from 'node:util';

export interface Settings {
  /** What this process calls itself in its replies. */
  readonly name: string;
  /** The service: instances with the same group share the calls and events. */
  readonly group: string;
  /** Serve events only, as a second service beside the one that answers the calls. */
  readonly eventsOnly: boolean;
  /** A file that gets one line per execution. */
  readonly journal?: string;
  readonly url: string;
  /** The beginning of all keys in Redis. Services and clients need the same one. */
  readonly prefix: string;
  /** Where it serves health and metrics over HTTP; undefined: nowhere. */
  readonly httpPort?: number;
}

export function readSettings(args: string[], env: NodeJS.ProcessEnv): Settings {
  const { values } = parseArgs({
    args,
    options: {
      name: { type: 'string', default: `service-${process.pid}` },
      group: { type: 'string', default: 'demo' },
      'events-only': { type: 'boolean', default: false },
      journal: { type: 'string' },
    },
  });
  return {
    name: values.name,
    group: values.group,
    eventsOnly: values['events-only'],
    journal: values.journal,
    url: env['REDIS_URL'] || 'redis://localhost:6379',
    prefix: env['NRS_PREFIX'] || 'nrs',
    ...(env['HTTP_PORT'] ? { httpPort: Number(env['HTTP_PORT']) } : {}),
  };
}

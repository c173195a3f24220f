import { Option, type Command } from 'commander';
import { readShards } from '../operate/index.js';
import type { RedisStreamsClientOptions } from '../options/index.js';
import { Failure } from './failure.js';
import { wholeNumber } from './values.js';
import type { Terminal } from './terminal.js';

/** The arguments that say where Redis is, and how to answer. */
export interface Where {
  readonly url?: string;
  readonly cluster?: string;
  readonly prefix: string;
  readonly shards?: number;
  readonly json?: boolean;
}

/** Gives a command the options that say where Redis is; `json` unless its output has a form of its own. */
export function withWhere(command: Command, json = true): Command {
  command
    .addOption(
      new Option(
        '--url <url>',
        'of Redis, as redis://user:password@host:6379/0, or rediss:// for TLS; default: REDIS_URL, or redis://localhost:6379',
      ),
    )
    .option(
      '--cluster <nodes>',
      'of a Cluster instead: some nodes as HOST:PORT or URL, with commas between them',
    )
    .option('--prefix <prefix>', 'of the keys, as the services have it', 'nrs')
    .addOption(
      new Option('--shards <number>', 'as the services have it; default: as Redis has noted it')
        .argParser(wholeNumber)
        .hideHelp(),
    );
  if (json) command.option('--json', 'answers in JSON');
  return command;
}

/** The options of a client that the arguments and the environment name. */
export function placeOf(
  { url, cluster, prefix, shards }: Where,
  { env }: Terminal,
): RedisStreamsClientOptions {
  if (cluster !== undefined && url !== undefined) {
    throw new Failure('--url and --cluster exclude each other', 2);
  }
  const here = { prefix, retryAttempts: 2, ...(shards === undefined ? {} : { shards }) };
  if (cluster !== undefined) return { ...here, cluster: { nodes: cluster.split(',') } };
  return { ...here, url: url ?? (env['REDIS_URL'] || 'redis://localhost:6379') };
}

/** The same for what sends or changes something: with the number of shards that Redis has noted. */
export async function servedPlaceOf(
  where: Where,
  terminal: Terminal,
): Promise<RedisStreamsClientOptions> {
  const place = placeOf(where, terminal);
  if (where.shards !== undefined) return place;
  const shards = await readShards(place);
  return shards === undefined ? place : { ...place, shards };
}

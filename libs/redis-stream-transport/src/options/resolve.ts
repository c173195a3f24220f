import { RedisStreamsError } from '../errors.js';
import { ALIASES } from './aliases.js';
import {
  CLIENT_TABLE,
  type RedisStreamsClientOptions,
  type ResolvedClientOptions,
} from './client-options.js';
import { defaultShards, type CommonOptions } from './common-options.js';
import { contradiction, type Place } from './option.js';
import { givenOptions, readOptions } from './read-options.js';
import { REDIS_OPTION_NAMES, resolveRedisTarget } from './redis-target.js';
import { defaultRetryPolicy, withRetryParts } from './retry-policy.js';
import {
  SERVER_TABLE,
  type RedisStreamsServerOptions,
  type ResolvedServerOptions,
} from './server-options.js';
import { openerOf, sealerOf } from './sealing.js';
import { nearest } from './suggest.js';
import { SERVER_SYNONYMS, translate } from './synonyms.js';

type Side = 'server' | 'client';

const SERVER: Place = { owner: 'ServerRedisStreams' };
const CLIENT: Place = { owner: 'ClientRedisStreams' };

/**
 * Checks the options of a server and fills in defaults. Opens nothing.
 *
 * @throws RedisStreamsError INVALID_OPTION naming the option, and the one that was probably meant.
 */
export function resolveServerOptions(raw?: RedisStreamsServerOptions): ResolvedServerOptions {
  const given = knownOptions(raw, 'server');
  const values = readOptions(SERVER_TABLE, given, SERVER);
  if (values.groupTtl <= values.leaseTtl) {
    const reason = 'a group must outlive the lease of its instances';
    throw contradiction(SERVER, 'groupTtl', 'leaseTtl', reason);
  }
  checkSealing(values, SERVER);
  const redis = resolveRedisTarget(given, SERVER);
  if (values.replicas !== undefined && 6 * values.replicas.timeout > values.leaseTtl) {
    const reason =
      'a lease that is renewed waits for replicas, and must not end meanwhile; at most a sixth';
    throw contradiction(SERVER, 'replicas.timeout', 'leaseTtl', reason);
  }
  return Object.freeze({
    ...values,
    shards: values.shards ?? defaultShards(redis),
    explicitGroup: given.has('group'),
    retry: withRetryParts(defaultRetryPolicy(values.maxDeliveries), values.retry),
    redis,
  });
}

/**
 * Checks the options of a client and fills in defaults. Opens nothing.
 *
 * @throws RedisStreamsError INVALID_OPTION naming the option, and the one that was probably meant.
 */
export function resolveClientOptions(raw?: RedisStreamsClientOptions): ResolvedClientOptions {
  const given = knownOptions(raw, 'client');
  const values = readOptions(CLIENT_TABLE, given, CLIENT);
  if (given.has('timeout') && given.has('idleTimeout')) {
    const reason = 'a call ends at a fixed time or after a silence';
    throw contradiction(CLIENT, 'timeout', 'idleTimeout', reason);
  }
  checkSealing(values, CLIENT);
  const redis = resolveRedisTarget(given, CLIENT);
  return Object.freeze({ ...values, shards: values.shards ?? defaultShards(redis), redis });
}

/** What is sealed one way must be opened the other way. */
function checkSealing(
  { serializer, deserializer }: Pick<CommonOptions, 'serializer' | 'deserializer'>,
  place: Place,
): void {
  if ((sealerOf(serializer) === undefined) === (openerOf(deserializer) === undefined)) return;
  const reason = 'give both halves of what sealed() made';
  throw contradiction(place, 'serializer', 'deserializer', reason);
}

const tableOf = (side: Side) => (side === 'server' ? SERVER_TABLE : CLIENT_TABLE);

/** The given options. Throws if one is not known to this side. */
function knownOptions(raw: unknown, side: Side): Map<string, unknown> {
  const place = side === 'server' ? SERVER : CLIENT;
  const names = [...Object.keys(tableOf(side)), ...REDIS_OPTION_NAMES];
  const synonyms: Readonly<Record<string, string>> = side === 'server' ? SERVER_SYNONYMS : {};
  const isKnown = (name: string) => names.includes(name) || Object.hasOwn(synonyms, name);
  const given = givenOptions(raw, isKnown, place);
  translate(given, synonyms, place);
  const stray = [...given.keys()].find((name) => !names.includes(name));
  if (stray !== undefined) {
    const advice = adviceFor(stray, names, side);
    const told = `${place.owner}: unknown option "${stray.slice(0, 64)}"; ${advice}`;
    throw new RedisStreamsError('INVALID_OPTION', told);
  }
  return given;
}

/** What to do about an unknown name. */
function adviceFor(stray: string, names: readonly string[], side: Side): string {
  const meant = ALIASES.get(stray) ?? stray;
  if (names.includes(meant)) return `did you mean "${meant}"?`;
  const [other, owner] =
    side === 'server' ? (['client', CLIENT] as const) : (['server', SERVER] as const);
  if (Object.hasOwn(tableOf(other), meant)) return `"${meant}" is an option of ${owner.owner}`;
  const close = nearest(stray, names, (length) => Math.max(1, Math.floor(length / 3)));
  return close ? `did you mean "${close}"?` : 'docs/options.md lists all options';
}

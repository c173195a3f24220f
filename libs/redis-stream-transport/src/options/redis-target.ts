import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import { RedisStreamsError } from '../errors.js';
import { readNode } from './cluster-nodes.js';
import { contradiction, instance, invalid, isObject, type Option, type Place } from './option.js';
import { givenOptions } from './read-options.js';
import {
  PASSED_CLUSTER_OPTIONS,
  PASSED_REDIS_OPTIONS,
  REFUSED_CLUSTER_OPTIONS,
  REFUSED_REDIS_OPTIONS,
  type RedisTarget,
} from './redis-options.js';
import { parseRedisUrl } from './redis-url.js';

type Given = ReadonlyMap<string, unknown>;
/** The options of ioredis that are passed on, and those that are refused, with the reasons. */
type Known = readonly [passed: readonly string[], refused: Readonly<Record<string, string>>];

const KNOWN: Known = [PASSED_REDIS_OPTIONS, REFUSED_REDIS_OPTIONS];
const KNOWN_CLUSTER: Known = [PASSED_CLUSTER_OPTIONS, REFUSED_CLUSTER_OPTIONS];

/** The address options that a URL, a cluster and sentinels replace. */
const ADDRESS = ['host', 'port', 'path'];

/** The options that `credentials` replaces. */
const SECRETS = ['username', 'password'];

/** Our own options that say where Redis is. */
export const TARGET_TABLE = {
  url: { type: 'text', default: undefined, read: (url, _, place) => parseRedisUrl(url, place) },
  cluster: { type: '`{ nodes, options? }`', default: undefined, read: readCluster },
  credentials: {
    type: '`() => { username?, password }`',
    default: undefined,
    read: readCredentials,
  },
  client: instance<Redis | Cluster>('`Redis` or `Cluster` of ioredis', 'duplicate', 'disconnect'),
} as const satisfies Record<string, Option>;

/** All names of options about the connection. */
export const REDIS_OPTION_NAMES: readonly string[] = [
  ...Object.keys(TARGET_TABLE),
  ...PASSED_REDIS_OPTIONS,
  ...Object.keys(REFUSED_REDIS_OPTIONS),
];

/**
 * Reads where Redis is from the options about the connection.
 *
 * @throws RedisStreamsError INVALID_OPTION for a refused option or two that contradict each other.
 */
export function resolveRedisTarget(given: Given, place: Place): RedisTarget {
  const options = passedOptions(given, KNOWN, '', place);
  const excludes = exclusion(given, place);
  if (given.has('client')) {
    const others = REDIS_OPTION_NAMES.filter((name) => name !== 'client');
    excludes('client', others, 'the client is connected by itself');
    const client = TARGET_TABLE.client.read(given.get('client'), 'client', place);
    return Object.freeze({ kind: 'client', client });
  }
  if (given.has('cluster')) {
    const others = ['url', 'sentinels', ...ADDRESS, ...(options['db'] ? ['db'] : [])];
    excludes('cluster', others, 'a cluster has nodes and one database');
    const { nodes, options: own, perNode } = readCluster(given.get('cluster'), 'cluster', place);
    const path = 'cluster.options.redisOptions.';
    const twice = Object.keys(perNode).find((name) => Object.hasOwn(options, name));
    if (twice) throw contradiction(place, twice, path + twice, 'give it in one place');
    const redisOptions = Object.freeze({ ...options, ...perNode });
    const target = {
      ...{ kind: 'cluster' as const, nodes: Object.freeze(nodes) },
      options: Object.freeze<ClusterOptions>({ ...own, redisOptions }),
    };
    if (!given.has('credentials')) return Object.freeze(target);
    excludes('credentials', SECRETS, 'it gives both');
    const secret = SECRETS.find((name) => Object.hasOwn(perNode, name));
    if (secret) throw contradiction(place, 'credentials', path + secret, 'it gives both');
    const credentials = readCredentials(given.get('credentials'), 'credentials', place);
    return Object.freeze({ ...target, credentials });
  }
  checkSentinels(given, place);
  if (given.has('path')) excludes('path', ['host', 'port'], 'a socket has neither');
  const address = given.has('url') ? TARGET_TABLE.url.read(given.get('url'), 'url', place) : {};
  // TLS options add to `rediss://`. Any other option that the URL has as well would be given twice.
  const told = Object.keys(address).filter((name) => name !== 'tls');
  if (given.has('url')) excludes('url', [...ADDRESS, ...told], 'it says both');
  const single = Object.freeze<RedisOptions>({ ...(address as RedisOptions), ...options });
  if (!given.has('credentials')) return Object.freeze({ kind: 'single', options: single });
  excludes('credentials', SECRETS, 'it gives both');
  if (SECRETS.some((name) => Object.hasOwn(address, name))) {
    throw contradiction(place, 'credentials', 'url', 'the user or password in it would not count');
  }
  const credentials = readCredentials(given.get('credentials'), 'credentials', place);
  return Object.freeze({ kind: 'single', options: single, credentials });
}

/** Throws when one of `others` is given besides `name`. */
type Exclusion = (name: string, others: readonly string[], why: string) => void;

function exclusion(given: Given, place: Place): Exclusion {
  return (name, others, why) => {
    const other = others.find((candidate) => given.has(candidate));
    if (other) throw contradiction(place, name, other, why);
  };
}

/** Picks the options that are passed on to ioredis. Throws for one that is refused, with the reason. */
function passedOptions(
  given: Given,
  [passed, refused]: Known,
  path: string,
  place: Place,
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, value] of given) {
    if (Object.hasOwn(refused, name)) {
      const told = `${place.owner}: option "${path}${name}" is refused: ${refused[name]}.`;
      throw new RedisStreamsError('INVALID_OPTION', told);
    }
    if (passed.includes(name)) options[name] = checked(name, value, path, place);
  }
  return options;
}

/** Checks ports and database numbers. They may be texts, because they often come from the environment. */
function checked(name: string, value: unknown, path: string, place: Place): unknown {
  if (name !== 'port' && name !== 'db') return value;
  const [min, max] = name === 'port' ? [1, 65_535] : [0, 1_000_000];
  const parsed = typeof value === 'string' && /^\d{1,7}$/.test(value) ? Number(value) : value;
  const fits = typeof parsed === 'number' && parsed >= min && parsed <= max;
  if (fits && Number.isInteger(parsed)) return parsed;
  throw invalid(place, `${path}${name}`, `a whole number from ${min} to ${max}`, value);
}

function checkSentinels(given: Given, place: Place): void {
  if (!given.has('sentinels')) return;
  const why = 'the sentinels tell where Redis is';
  exclusion(given, place)('sentinels', ['url', ...ADDRESS], why);
  const sentinels = given.get('sentinels');
  if (!Array.isArray(sentinels) || sentinels.length === 0) {
    throw invalid(place, 'sentinels', 'an array of at least one { host, port }', sentinels);
  }
  const name = given.get('name');
  if (typeof name === 'string' && name !== '') return;
  throw invalid(place, 'name', 'the name of the master group that "sentinels" watch', name);
}

function readCredentials(raw: unknown, name: string, place: Place): () => unknown {
  if (typeof raw === 'function') return raw as () => unknown;
  // The value may be the password itself, so it is not shown.
  const told = `${place.owner}: option "${name}" must be a function that gives { username?, password }.`;
  throw new RedisStreamsError('INVALID_OPTION', told);
}

function readCluster(raw: unknown, name: string, place: Place) {
  const { nodes, options, ...others } = isObject(raw)
    ? (raw as { nodes?: unknown; options?: unknown })
    : {};
  if (!Array.isArray(nodes) || nodes.length === 0 || Object.keys(others).length > 0) {
    throw invalid(place, name, 'an object of "nodes" (at least one) and "options"', raw);
  }
  const own = subOptions(options, KNOWN_CLUSTER, `${name}.options`, place);
  const path = `${name}.options.redisOptions`;
  const perNode = subOptions(own['redisOptions'], KNOWN, path, place);
  const addresses = nodes.map((node, i) => readNode(node, `${name}.nodes[${i}]`, place));
  return { nodes: addresses, options: own, perNode };
}

/** Reads a nested object of ioredis' options, as strictly as the top level. */
function subOptions(
  raw: unknown,
  known: Known,
  path: string,
  place: Place,
): Record<string, unknown> {
  const [passed, refused] = known;
  if (raw !== undefined && !isObject(raw)) throw invalid(place, path, 'an object of options', raw);
  const isKnown = (name: string) => passed.includes(name) || Object.hasOwn(refused, name);
  const given = givenOptions(raw, isKnown, place);
  const stray = [...given.keys()].find((name) => !isKnown(name));
  if (stray === undefined) return passedOptions(given, known, `${path}.`, place);
  const told = `${place.owner}: ioredis knows no option "${stray}" in "${path}".`;
  throw new RedisStreamsError('INVALID_OPTION', told);
}

import { randomUUID } from 'node:crypto';
import { RedisStreamsError } from '../errors.js';
import {
  MOST_PAUSES,
  pausedInstance,
  pausedPattern,
  pauseText,
  type Pause,
} from '../protocol/pause.js';
import { textOr } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import { factsOf } from './instance-facts.js';
import { pauseScript } from './pause.lua.js';
import type {
  InstancePauseRequest,
  PatternPauseRequest,
  PauseRequest,
  PauseResult,
} from './paused.js';
import {
  inParts,
  timeOfServer,
  unlessRefused,
  withPlace,
  type Place,
  type Whereabouts,
} from './place.js';
import { processOf } from './process-of.js';
import { SERVICE_KEYS, servicesOf } from './read-services.js';
import { scanKeys } from './scanned-keys.js';
import type { LiveInstance, LiveService } from './services.js';
import type { ShardConnection } from './shard-connection.js';

/** Milliseconds for which instances may take note, unless it is said. */
const WAIT = 5000;
const LOOK_AGAIN = 100;

/**
 * Pauses a pattern of a service: nothing new of it starts, at any instance, until it is resumed. What runs finishes.
 * Calls wait, up to their deadlines, or are refused with PAUSED. Events wait. It survives restarts of instances and of
 * Redis.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION (also: which service?), NOT_CONNECTED, REDIS
 */
export function pausePattern(
  options: Whereabouts | undefined,
  request: PatternPauseRequest,
): Promise<PauseResult> {
  return changePattern(options, request, true);
}

/**
 * Lets a pattern go on that was paused.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function resumePattern(
  options: Whereabouts | undefined,
  request: Pick<PatternPauseRequest, 'service' | 'pattern' | 'wait'>,
): Promise<PauseResult> {
  return changePattern(options, request, false);
}

/**
 * Lets an instance take nothing new; what it has read finishes. It ends with the process, or when it is resumed.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION (also: it is not known), NOT_CONNECTED, REDIS
 */
export function pauseInstance(
  options: Whereabouts | undefined,
  request: InstancePauseRequest,
): Promise<PauseResult> {
  return changeInstance(options, request, true);
}

/** Lets an instance take work again. As of `resumePattern`. */
export function resumeInstance(
  options: Whereabouts | undefined,
  request: Pick<InstancePauseRequest, 'service' | 'instance' | 'wait'>,
): Promise<PauseResult> {
  return changeInstance(options, request, false);
}

function changePattern(
  options: Whereabouts | undefined,
  request: PatternPauseRequest,
  pauses: boolean,
): Promise<PauseResult> {
  const { pattern, refuse = false } = request;
  return withPlace(options, async (place) => {
    const services = await servicesOf(place, await scanKeys(place, SERVICE_KEYS));
    const has = ({ answers, hears }: LiveService): boolean =>
      answers.some((one) => one.pattern === pattern) || hears.includes(pattern);
    const service = theOne(services.filter(has), request.service, `pattern ${pattern}`);
    const known = services.find((one) => one.service === service);
    const value = pauses ? await valueOf(place, request, refuse) : '';
    const changes = place.shards.map((shard) => ({ shard, field: pausedPattern(pattern), value }));
    const result = await change(place, service, changes, request.wait);
    return { ...result, known: known !== undefined && has(known) };
  });
}

function changeInstance(
  options: Whereabouts | undefined,
  request: InstancePauseRequest,
  pauses: boolean,
): Promise<PauseResult> {
  const { instance } = request;
  return withPlace(options, async (place) => {
    const services = await servicesOf(place, await scanKeys(place, SERVICE_KEYS));
    const isIt = ({ name, consumers }: LiveInstance): boolean =>
      name === instance || consumers.includes(instance);
    const having = services.filter(({ instances }) => instances.some(isIt));
    const service = theOne(having, request.service, `instance ${instance}`);
    const it = services.find((one) => one.service === service)?.instances.find(isIt);
    if (it === undefined) throw invalid(`${service} has no instance ${instance} that lives`);
    const value = pauses ? await valueOf(place, request, false) : '';
    // In all shards, as names of consumers do not say which shard they are in.
    const changes = await inParts(place.shards, async (shard) => {
      const own = pauses ? it.consumers : await pausedOf(shard, service, it);
      return own.map((consumer) => ({ shard, field: pausedInstance(consumer), value }));
    });
    return { ...(await change(place, service, changes.flat(), request.wait)), known: true };
  });
}

/** Consumers of an instance that are paused in a shard: it may have had other names. */
async function pausedOf(
  { link, keys }: ShardConnection,
  service: string,
  { name, consumers }: LiveInstance,
): Promise<string[]> {
  const fields = await unlessRefused(link.command('hkeys', [keys.paused(service)]), []);
  const known = (Array.isArray(fields) ? fields : []).map((field) => textOr(field, ''));
  const paused = known.filter((field) => field.startsWith('i:')).map((field) => field.slice(2));
  return paused.filter((one) => consumers.includes(one) || processOf(one) === name);
}

interface Change {
  readonly shard: ShardConnection;
  readonly field: string;
  readonly value: string;
}

/** Notes it in all shards, tells the instances, and waits for them. */
async function change(
  place: Place,
  service: string,
  changes: readonly Change[],
  wait = WAIT,
): Promise<Omit<PauseResult, 'known'>> {
  const revision = randomUUID();
  const answers = await inParts(changes, ({ shard: { link, keys }, field, value }) =>
    run(link, pauseScript, {
      ...{ paused: keys.paused(service), field, value, revision, most: MOST_PAUSES },
    }),
  );
  if (answers.includes('full'))
    throw invalid(`${MOST_PAUSES} patterns and instances of ${service} are paused already`);
  await inParts(place.shards, ({ link, keys }) =>
    link.command('spublish', [keys.nudge(service), 'paused']),
  );
  const until = performance.now() + wait;
  for (;;) {
    const counts = await inParts(place.shards, (shard) => appliedIn(shard, service));
    const instances = Math.max(...counts.map((one) => one.live));
    const applied = Math.min(...counts.map((one) => one.applied));
    if (applied >= instances || performance.now() >= until)
      return { service, changed: answers.includes('ok'), instances, applied };
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
}

/** How many live consumers of a service say that they have applied what is paused now. */
async function appliedIn(shard: ShardConnection, service: string) {
  const { link, keys } = shard;
  const now = await timeOfServer(link);
  const living = [keys.members(service), String(now), '+inf'];
  const answer = await unlessRefused(link.command('zrangebyscore', living), []);
  const consumers = (Array.isArray(answer) ? answer : []).map((one) => textOr(one, ''));
  const revision = textOr(
    await unlessRefused(link.command('hget', [keys.paused(service), '#']), ''),
    '',
  );
  const facts = await factsOf(shard, service, consumers);
  return {
    live: consumers.length,
    applied: facts.filter((one) => one?.pauseRevision === revision).length,
  };
}

async function valueOf(place: Place, request: PauseRequest, refuses: boolean): Promise<string> {
  const [first] = place.shards;
  const at = first === undefined ? 0 : await timeOfServer(first.link);
  const { until, reason = '' } = request;
  if (until !== undefined && !(until > at)) throw invalid('"until" is not in the future');
  const pause: Pause = { at, until, refuses, reason };
  return pauseText(pause);
}

/** The service that is meant. */
function theOne(having: readonly LiveService[], given: string | undefined, what: string): string {
  if (given !== undefined) return given;
  const [one, ...others] = having;
  if (one === undefined)
    throw invalid(`no service has the ${what}; if it is to come, say whose it is with "service"`);
  if (others.length === 0) return one.service;
  const names = having.map(({ service }) => service).join(', ');
  throw invalid(`several services have the ${what}, name one of them: ${names}`);
}

const invalid = (text: string): RedisStreamsError =>
  new RedisStreamsError('INVALID_OPTION', text, { outcome: 'not-run' });

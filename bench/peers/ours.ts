// The transport of this repository.
import { randomUUID } from 'node:crypto';
import { ClientRedisStreams, RedisStreamsRecord, ServerRedisStreams } from 'nestjs-redis-streams';
import { callerOf, serveNest } from './nest.mjs';

/** @typedef {import('./index.mjs').Place} Place */

/** @param {import('./index.mjs').Settings} settings */
const echoed = ({ patterns = 1 }) =>
  patterns === 1 ? ['echo'] : Array.from({ length: patterns }, (_, index) => `echo.${index}`);

/** @param {Place} place @param {string | undefined} variant */
function lanesOf({ settings }, variant) {
  const lane = settings.lane ?? (variant === 'lane' ? 'lane' : undefined);
  return lane === undefined ? {} : { lanes: { [lane]: [...echoed(settings), 'hold'] } };
}

/** @param {Place} place @param {any} handlers @param {string} [variant] */
export function serve(place, handlers, variant) {
  const { concurrency, leaseTtl } = place.settings;
  const strategy = new ServerRedisStreams({
    url: place.url,
    group: 'bench',
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(leaseTtl === undefined ? {} : { leaseTtl }),
    ...lanesOf(place, variant),
  });
  return serveNest({ strategy }, handlers, echoed(place.settings));
}

/** @param {Place} place @param {string} [variant] @returns {Promise<import('./index.mjs').Caller>} */
export async function connect(place, variant) {
  const { callers = 1, patterns = 1, maxBacklog } = place.settings;
  const options = {
    url: place.url,
    ...(maxBacklog === undefined ? {} : { maxBacklog }),
    ...lanesOf(place, variant),
  };
  const clients = Array.from({ length: callers }, () => new ClientRedisStreams(options));
  await Promise.all(clients.map((client) => client.connect()));
  const caller = withRecords(inTurn(clients.map(callerOf)), variant);
  return patterns === 1 ? caller : overPatterns(caller, echoed(place.settings));
}

/** @param {import('./index.mjs').Caller[]} callers @returns {import('./index.mjs').Caller} */
function inTurn(callers) {
  const [first] = callers;
  if (callers.length === 1) return /** @type {import('./index.mjs').Caller} */ (first);
  let turn = 0;
  const next = () => /** @type {any} */ (callers[turn++ % callers.length]);
  return {
    send: (pattern, data) => next().send(pattern, data),
    emit: (pattern, data) => next().emit(pattern, data),
    close: async () => void (await Promise.all(callers.map((caller) => caller.close()))),
  };
}

/** @param {import('./index.mjs').Caller} caller @param {string[]} patterns */
function overPatterns(caller, patterns) {
  let turn = 0;
  const next = () => /** @type {string} */ (patterns[turn++ % patterns.length]);
  return {
    ...caller,
    send: (/** @type {string} */ _, /** @type {unknown} */ data) => caller.send(next(), data),
  };
}

/** @param {import('./index.mjs').Caller} caller @param {string | undefined} variant */
function withRecords(caller, variant) {
  const run = randomUUID();
  let key = 0;
  const wrap =
    variant === 'once'
      ? (/** @type {unknown} */ data) => new RedisStreamsRecord(data, { atMostOnce: true })
      : variant === 'key'
        ? (/** @type {unknown} */ data) =>
            new RedisStreamsRecord(data, { idempotencyKey: `${run}-${key++}` })
        : undefined;
  if (wrap === undefined) return caller;
  const send = (/** @type {string} */ pattern, /** @type {unknown} */ data) =>
    caller.send(pattern, wrap(data));
  return { ...caller, send };
}

// The transport of this repository.
import { randomUUID } from 'node:crypto';
import type { Handlers } from '../harness/handlers.js';
import { ClientRedisStreams, RedisStreamsRecord, ServerRedisStreams } from 'nestjs-redis-streams';
import { callerOf, serveNest } from './nest.js';
import type { Caller, Place, Settings } from './index.js';

const echoed = ({ patterns = 1 }: Settings) =>
  patterns === 1 ? ['echo'] : Array.from({ length: patterns }, (_, index) => `echo.${index}`);

function lanesOf({ settings }: Place, variant: string | undefined) {
  const lane = settings.lane ?? (variant === 'lane' ? 'lane' : undefined);
  return lane === undefined ? {} : { lanes: { [lane]: [...echoed(settings), 'hold'] } };
}

export function serve(place: Place, handlers: Handlers, variant?: string) {
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

export async function connect(place: Place, variant?: string): Promise<Caller> {
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

function inTurn(callers: Caller[]): Caller {
  const [first] = callers;
  if (callers.length === 1) return first as Caller;
  let turn = 0;
  const next = () => callers[turn++ % callers.length] as Caller;
  return {
    send: (pattern, data) => next().send(pattern, data),
    emit: (pattern, data) => next().emit(pattern, data),
    close: async () => void (await Promise.all(callers.map((caller) => caller.close()))),
  };
}

function overPatterns(caller: Caller, patterns: string[]) {
  let turn = 0;
  const next = () => patterns[turn++ % patterns.length] as string;
  return {
    ...caller,
    send: (_: string, data: unknown) => caller.send(next(), data),
  };
}

function withRecords(caller: Caller, variant: string | undefined) {
  const run = randomUUID();
  let key = 0;
  const wrap =
    variant === 'once'
      ? (data: unknown) => new RedisStreamsRecord(data, { atMostOnce: true })
      : variant === 'key'
        ? (data: unknown) => new RedisStreamsRecord(data, { idempotencyKey: `${run}-${key++}` })
        : undefined;
  if (wrap === undefined) return caller;
  const send = (pattern: string, data: unknown) => caller.send(pattern, wrap(data));
  return { ...caller, send };
}

// The transport of this repository.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Handlers } from '../harness/handlers.js';
import { ClientRedisStreams, RedisStreamsRecord, ServerRedisStreams } from 'nestjs-redis-streams';
import { callerOf, serveNest } from './nest.js';
import type { TraceOptions } from 'nestjs-redis-streams/opentelemetry';
import type { Caller, Place, Settings } from './index.js';

const echoed = ({ patterns = 1 }: Settings) =>
  patterns === 1 ? ['echo'] : Array.from({ length: patterns }, (_, index) => `echo.${index}`);

function lanesOf({ settings }: Place, variant: string | undefined) {
  const lane = settings.lane ?? (variant === 'lane' ? 'lane' : undefined);
  return lane === undefined ? {} : { lanes: { [lane]: [...echoed(settings), 'hold'] } };
}

/** How traces are switched on, by variant: the share that the sampler records, and what else. */
const TRACED: Readonly<Record<string, [number, TraceOptions]>> = {
  traced: [1, {}],
  'traced-1': [0.01, {}],
  'traced-1-bare': [0.01, { unsampledHeaders: false }],
  'traced-1-root': [1, { unsampledHeaders: false, rootShare: 0.01 }],
};

/** The same with spans by hand. */
const BY_HAND: Readonly<Record<string, number>> = { spans: 1, 'spans-1': 0.01 };

async function spansOf(variant = '', name: string) {
  const share = BY_HAND[variant];
  return share === undefined ? undefined : (await import('./traced.js')).spansByHand(share, name);
}

/** What a variant switches on in its process. */
async function switchOn(variant = ''): Promise<void> {
  // As any SDK for traces does: the first use slows down every promise of the process on older runtimes.
  if (variant === 'context') new AsyncLocalStorage<object>().run({}, () => undefined);
  if (variant === 'metrics') (await import('./measured.js')).measureOnce();
  const traced = TRACED[variant];
  if (traced !== undefined) (await import('./traced.js')).traceShare(...traced);
}

export async function serve(place: Place, handlers: Handlers, variant?: string) {
  await switchOn(variant);
  const { concurrency, leaseTtl } = place.settings;
  const strategy = new ServerRedisStreams({
    url: place.url,
    group: 'bench',
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(leaseTtl === undefined ? {} : { leaseTtl }),
    ...lanesOf(place, variant),
  });
  const begin = await spansOf(variant, 'process');
  if (begin !== undefined) {
    const echo = handlers.echo.bind(handlers);
    handlers.echo = (data) => {
      const end = begin();
      const echoedData = echo(data);
      end();
      return echoedData;
    };
  }
  return serveNest({ strategy }, handlers, echoed(place.settings));
}

export async function connect(place: Place, variant?: string): Promise<Caller> {
  await switchOn(variant);
  const { patterns = 1, maxBacklog } = place.settings;
  const options = {
    url: place.url,
    ...(maxBacklog === undefined ? {} : { maxBacklog }),
    ...lanesOf(place, variant),
  };
  const client = new ClientRedisStreams(options);
  await client.connect();
  const caller = withRecords(callerOf(client), variant);
  const begin = await spansOf(variant, 'send');
  if (begin !== undefined) {
    const send = (pattern: string, data: unknown) => {
      const end = begin();
      const sent = caller.send(pattern, data);
      sent.then(end, end);
      return sent;
    };
    return { ...caller, send };
  }
  return patterns === 1 ? caller : overPatterns(caller, echoed(place.settings));
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

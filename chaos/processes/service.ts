// An instance of the service under test. It writes down each execution before it begins and after it ends, so
// that the history is true whenever the process is killed.
import type { RedisStreamsContext, RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { heldByServer } from '../kit/internals.js';
import { History } from '../kit/history.js';
import { pause } from '../../tools/wait.js';
import { now } from '../kit/time.js';
import { answerTo, requestHash } from '../kit/work.js';
import { given, on, tell } from './channel.js';
import { inbox, type EffectsPlace } from './inbox.js';
import type { Library, Sealing } from './library.js';
import type { compute } from './computing.js';
import type { CallData } from './load.js';
import type { StreamedValue } from './stream.js';
import { vitals, witness, witnessConnections } from './witness.js';

interface Given {
  readonly name: string;
  /** URL of the library as one file. */
  readonly library: string;
  readonly options: RedisStreamsServerOptions;
  readonly history: string;
  readonly effects?: EffectsPlace;
  readonly spread?: number;
  readonly classes?: boolean;
  readonly sealing?: Sealing;
}

const { name, library, options, history: path, effects, spread, classes, sealing } = given<Given>();
const history = new History(path);
const { ServerRedisStreams, inThread, sealed, Logger } = (await import(library)) as Library;
witness(history, Logger);
const server = new ServerRedisStreams({ ...options, ...(sealing && sealed(sealing)) });
let executions = 0;
const effect = effects === undefined ? undefined : inbox(effects);

/** Computes in a thread; a thread that crashes costs no more than another go. */
const computed =
  options.threads &&
  inThread<typeof compute>(new URL('./computing.js', import.meta.url), 'compute');
async function computing({ ms, act }: CallData, context: RedisStreamsContext): Promise<void> {
  if (act === 'crash') {
    const lost: unknown = await computed?.({ ms, act }, context).catch((error: unknown) => error);
    if ((lost as { code?: string }).code !== 'THREAD_LOST') throw lost;
  }
  await computed?.({ ms, act: act === 'endless' ? act : undefined }, context);
}

/** Notes that a call is executed. */
function begin(pattern: string, data: CallData, context: RedisStreamsContext) {
  // Calls with one idempotency key have the same data.
  const named = pattern === 'keyed' ? context.getMetadata()['call'] : undefined;
  const id = named ?? data.id;
  const q = requestHash(data);
  const d = context.getDeliveryCount();
  const n = ++executions;
  history.write({
    k: 'begin',
    n,
    id,
    p: pattern,
    q,
    d,
    c: context.getConsumer(),
    // Entries of different streams may have the same id.
    e: `${context.getStream()} ${context.getMessageId()}`,
    w: data.watch,
    t: now(),
  });
  if (data.watch) {
    context.signal.addEventListener('abort', () =>
      history.write({
        k: 'abort',
        n,
        id,
        why: (context.signal.reason as Error | undefined)?.message,
        t: now(),
      }),
    );
  }
  return { n, q, by: `${name}#${n}` };
}

const execute = (pattern: string) => async (data: CallData, context: RedisStreamsContext) => {
  const { id } = data;
  const { n, q, by } = begin(pattern, data, context);
  if (data.act === 'die') process.kill(process.pid, 'SIGKILL');
  if (pattern === 'compute') await computing(data, context);
  else if (data.ms > 0) await pause(data.ms);
  if (pattern === 'inbox') await effect?.(id);
  history.write({ k: 'finish', n, t: now() });
  if (data.act === 'fail') throw new Error('as told');
  return { by, ...answerTo(q, data.reply ?? 0) };
};

/** A stream that is interrupted has no end in the history. */
async function* stream(data: CallData, context: RedisStreamsContext) {
  const { n, q, by } = begin('stream', data, context);
  for (let i = 0; i < (data.values ?? 0); i++)
    yield { i, at: now(), by, ...answerTo(q, 0) } satisfies StreamedValue;
  history.write({ k: 'finish', n, t: now() });
}

const spreading = { ...(spread && { spread }), ...(classes && { priorities: true }) };
server.addHandler('work', execute('work'), false, spreading);
server.addHandler('once', execute('once'), false, { atMostOnce: true, ...spreading });
server.addHandler('keyed', execute('keyed'), false, spreading);
server.addHandler('inbox', execute('inbox'), false, spreading);
if (computed) server.addHandler('compute', execute('compute'), false, { threads: true });
server.addHandler('stream', stream as never, false, { restartable: true });
server.addHandler('told', execute('told') as never, true);
if (options.wildcards) {
  server.addHandler('fresh.*', execute('fresh'), false);
  server.addHandler('heard.*', execute('heard') as never, true);
}
server.addHandler('single', execute('single'), false, { concurrency: 1 });

on('vitals', () => vitals(() => heldByServer(server)));
on<{ ms: number }>('busy', ({ ms }) => {
  // A loop that blocks the event loop, as user code may.
  for (const end = now() + ms; now() < end;);
});
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));

witnessConnections(history, server);
await server.listen((error) => {
  if (error) tell('failed', { message: (error as Error).message });
  else tell('up', { name });
});

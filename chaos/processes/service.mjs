// An instance of the service under test. What it executes is written down before and after, so that a
// kill at any moment leaves the truth behind.
import { History } from '../kit/history.mjs';
import { now, pause } from '../kit/time.mjs';
import { answerTo, requestHash } from '../kit/work.mjs';
import { given, on, tell } from './channel.mjs';
import { inbox } from './inbox.mjs';
import { vitals, witness, witnessConnections } from './witness.mjs';

const { name, library, options, history: path, effects } = given;
const history = new History(path);
const { ServerRedisStreams, Logger } = await import(library);
witness(history, Logger);
const server = new ServerRedisStreams(options);
let executions = 0;
const effect = effects === undefined ? undefined : await inbox(effects);

/** @param {string} pattern */
const execute = (pattern) => async (data, context) => {
  const { id } = data;
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
    w: data.watch,
    t: now(),
  });
  if (data.watch) {
    context.signal.addEventListener('abort', () =>
      history.write({ k: 'abort', n, id, why: context.signal.reason?.message, t: now() }),
    );
  }
  if (data.act === 'die') process.kill(process.pid, 'SIGKILL');
  if (data.ms > 0) await pause(data.ms);
  if (pattern === 'inbox') await effect(id);
  history.write({ k: 'finish', n, t: now() });
  if (data.act === 'fail') throw new Error('as told');
  return { by: `${name}#${n}`, ...answerTo(q, data.reply ?? 0) };
};

server.addHandler('work', execute('work'), false, {});
server.addHandler('once', execute('once'), false, { atMostOnce: true });
server.addHandler('inbox', execute('inbox'), false, {});
server.addHandler('single', execute('single'), false, { concurrency: 1 });

on('vitals', () => vitals(held));
on('busy', ({ ms }) => {
  // A loop that lets nothing else happen, as user code may.
  for (const end = now() + ms; now() < end;);
});
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));

witnessConnections(history, server);
await server.listen((error) => {
  if (error) tell('failed', { message: String(error) });
  else tell('up', { name });
});

/** Entries and handlers that this process still holds; throws when the library hides them elsewhere. */
function held() {
  const { shards, inFlight } = server.consumer;
  const streams = shards.flatMap(({ main }) => main.streams);
  return { running: inFlight, held: streams.reduce((sum, stream) => sum + stream.held.size, 0) };
}

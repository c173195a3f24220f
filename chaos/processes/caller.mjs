// A caller: makes calls at a rate and writes down, by its own clock, what became of each.
import { History } from '../kit/history.mjs';
import { Random } from '../kit/random.mjs';
import { now } from '../kit/time.mjs';
import { hashOfReply, requestHash } from '../kit/work.mjs';
import { given, on, tell } from './channel.mjs';
import { callsOf, warmMix } from './load.mjs';
import { Pace } from './pace.mjs';
import { vitals, witness, witnessConnections } from './witness.mjs';

const { name, library, options, history: path, seed, mix } = given;
const history = new History(path);
const { ClientRedisStreams, RedisStreamsError, RedisStreamsRecord, Logger } = await import(library);
witness(history, Logger);
const client = new ClientRedisStreams(options);
const random = new Random(seed);
const warm = callsOf({ name: `${name}-w`, random: random.fork('warm'), mix: warmMix(mix) });
const calls = callsOf({ name, random, mix });

let issued = 0;
let open = 0;
let resent = 0;
let enough = false;
let pace;
on('enough', () => void (enough = true));

function make({ pattern, data, timeout, cancel }) {
  const { id } = data;
  const q = requestHash(data);
  const record = timeout === undefined ? data : new RedisStreamsRecord(data, { timeout });
  let reply;
  issued++;
  open++;
  const end = (what) => {
    open--;
    history.write({ k: 'end', id, ...what, t: now() });
  };
  history.write({
    k: 'start',
    id,
    p: pattern,
    q,
    a: data.act,
    timeout: timeout ?? options.timeout,
    t: now(),
  });
  const subscription = client.send(pattern, record).subscribe({
    next: (value) => (reply = value),
    complete: () => end({ o: 'value', r: hashOfReply(reply, q, data.reply ?? 0), by: reply?.by }),
    error: (error) => end(outcomeOf(error)),
  });
  if (cancel === undefined) return;
  const unsubscribe = () => {
    if (subscription.closed) return;
    subscription.unsubscribe();
    end({ o: 'cancelled', ...(cancel === 'same-turn' ? { at: cancel } : {}) });
  };
  if (cancel === 'same-turn') unsubscribe();
  else setTimeout(unsubscribe, cancel);
}

function outcomeOf(error) {
  if (!(error instanceof RedisStreamsError)) return { o: 'error', text: error?.message };
  const { code, outcome, message } = error;
  return { o: 'fault', code, says: outcome, text: message.slice(0, 200) };
}

/** Makes calls, at most `cap` of them open, until `count` are made and, if `patient`, `enough` was said. */
function load({ count, rate, cap, patient, warmUp }) {
  const source = warmUp ? warm : calls;
  const target = issued + count;
  const made = () => issued >= target && (enough || !patient);
  pace = new Pace(rate);
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      for (let due = pace.due(); due > 0 && open < cap && !made(); due--) {
        make(source.next().value);
        pace.made();
      }
      if (!made() || open > 0) return;
      clearInterval(timer);
      resolve({ issued });
    }, 4);
  });
}

on('load', load);
on('pace', ({ rate }) => void (pace.rate = rate));
on('vitals', () => vitals(held));
on('progress', () => ({ issued, open }));
on('close', () => client.close());

/** What this process still holds; throws when the library hides it elsewhere. */
function held() {
  const { calls: pending, events, deadlines } = client.producer;
  return { calls: pending.size, events: events.size, deadlines: deadlines.length, resent };
}

witnessConnections(history, client);
await client.connect();
const { producer } = client;
const sendAgain = producer.sendAgain.bind(producer);
producer.sendAgain = (call) => {
  resent++;
  sendAgain(call);
};
tell('up', { name });

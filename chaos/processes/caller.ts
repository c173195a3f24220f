// A caller: makes calls at a given rate and writes down what became of each, by its own clock.
import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';
import { heldByClient, whenSentAgain } from '../kit/internals.js';
import { History } from '../kit/history.js';
import { Random } from '../../tools/random.js';
import { now } from '../kit/time.js';
import { hashOfReply, requestHash } from '../kit/work.js';
import { given, on, tell } from './channel.js';
import type { Library, Sealing } from './library.js';
import { burstsOf, callsOf, warmMix, type Kind, type Wanted } from './load.js';
import { Pace } from './pace.js';
import { readStream, WINDOW, type StreamedValue } from './stream.js';
import { vitals, witness, witnessConnections } from './witness.js';

interface Given {
  readonly name: string;
  /** URL of the library as one file. */
  readonly library: string;
  readonly options: RedisStreamsClientOptions;
  readonly history: string;
  readonly sealing?: Sealing;
  readonly seed: number | string;
  readonly mix: readonly Kind[];
  /** Numbers of calls that it makes in one turn. */
  readonly bursts: readonly number[];
  /** Each call is in one of the classes of importance. */
  readonly classes?: boolean;
}

const { name, library, options, sealing, history: path, seed, mix, ...drawn } = given<Given>();
const history = new History(path);
const { ClientRedisStreams, RedisStreamsError, RedisStreamsRecord, sealed, Logger } = (await import(
  library
)) as Library;
witness(history, Logger);
const client = new ClientRedisStreams({ ...options, ...(sealing && sealed(sealing)) });
const random = new Random(seed);
const warm = callsOf({ name: `${name}-w`, random: random.fork('warm'), mix: warmMix(mix) });
const calls = callsOf({ name, random, mix });
const bursts = burstsOf(drawn.bursts, random.fork('bursts'));
const classes = drawn.classes === true ? random.fork('classes') : undefined;

/** How many calls it makes, and how; see fleet/fleet.ts. */
interface Load {
  readonly count: number;
  readonly rate: number;
  readonly cap: number;
  readonly patient: boolean;
  readonly warmUp?: boolean;
}

/** Milliseconds after it is due that an event counts as open. */
const SEEN = 500;

let issued = 0;
let open = 0;
let resent = 0;
let enough = false;
let pace = new Pace(0);
on('enough', () => void (enough = true));

/** @param ended called when a call that is no event has ended */
function make(wanted: Wanted, ended?: () => void): void {
  const { id, key, pattern, to, data, timeout, delay, event, cancel } = wanted;
  const q = requestHash(data);
  const priority = classes?.pick(['high', 'normal', 'low'] as const);
  const isPlain = (timeout ?? delay ?? priority ?? key) === undefined;
  const record = isPlain
    ? data
    : new RedisStreamsRecord(data, {
        ...(timeout !== undefined && { timeout }),
        ...(delay !== undefined && { delay }),
        ...(priority !== undefined && { priority }),
        // The data of calls with one key are the same, so a header says which of them it is.
        ...(key !== undefined && { idempotencyKey: key, headers: { call: id } }),
      });
  let reply: { readonly by?: string } | undefined;
  issued++;
  open++;
  const end = (what: object) => {
    open--;
    history.write({ k: 'end', id, ...what, t: now() });
    ended?.();
  };
  history.write({
    k: 'start',
    id,
    key,
    p: pattern,
    q,
    a: data.act,
    timeout: (timeout ?? options.timeout ?? NaN) + (delay ?? 0),
    // By the clock that Redis has too.
    due: delay === undefined ? undefined : Date.now() + delay,
    event: event || undefined,
    t: now(),
  });
  if (event) {
    // What it becomes is seen until some time after it is due.
    const over = () => setTimeout(() => open--, (delay ?? 0) + SEEN);
    const stored = (what: object) => {
      history.write({ k: 'end', id, ...what, t: now() });
      over();
    };
    client.emit(to, record).subscribe({
      complete: () => stored({ o: 'stored' }),
      error: (error: unknown) => stored(outcomeOf(error)),
    });
    return;
  }
  if (data.values !== undefined) {
    const { values } = data;
    const own = new RedisStreamsRecord(data, {
      window: { values: WINDOW },
      ...(timeout !== undefined && { timeout }),
    });
    const told = (last: StreamedValue | string) =>
      typeof last === 'string'
        ? end({ o: 'value', r: last })
        : end({ o: 'value', r: hashOfReply(last, q, 0), by: last.by });
    readStream(client.stream<StreamedValue>(to, own), values).then(told, (error: unknown) =>
      end(outcomeOf(error)),
    );
    return;
  }
  const subscription = client.send<{ readonly by?: string }>(to, record).subscribe({
    next: (value) => (reply = value),
    complete: () => end({ o: 'value', r: hashOfReply(reply, q, data.reply ?? 0), by: reply?.by }),
    error: (error: unknown) => end(outcomeOf(error)),
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

/** Makes a call whose key others share, and has them made when they are due. */
function makeAll(first: Wanted): void {
  const atItsEnd: (() => void)[] = [];
  make(first, () => {
    for (const begin of atItsEnd) begin();
  });
  for (const [i, { elsewhere, after, ms, other }] of (first.again ?? []).entries()) {
    const data = other ? { ...first.data, other } : first.data;
    const call: Wanted = { ...first, id: `${first.id}+${i + 1}`, data, again: [] };
    // Whoever makes it, the load is not over before it has ended.
    open++;
    const over = () => void open--;
    const go = () => (elsewhere ? passOn(call, over) : make(call, over));
    const begin = () => void (ms === 0 ? go() : setTimeout(go, ms));
    if (after) atItsEnd.push(begin);
    else begin();
  }
}

/** Calls that another caller makes for this one, by id, with what is to happen when they have ended. */
const passedOn = new Map<string, () => void>();

function passOn(call: Wanted, over: () => void): void {
  passedOn.set(call.id, over);
  tell('pass on', { call });
}

function outcomeOf(error: unknown): object {
  if (!(error instanceof RedisStreamsError))
    return { o: 'error', text: (error as Error | undefined)?.message };
  const { code, outcome, message } = error;
  return { o: 'fault', code, says: outcome, text: message.slice(0, 200) };
}

/**
 * Makes calls, at most `cap` of them open, until `count` are made and, if `patient`, `enough` was said. The calls of a
 * burst leave in one turn; a burst waits until all of it may be open.
 */
function load({ count, rate, cap, patient, warmUp }: Load): Promise<{ issued: number }> {
  const source = warmUp ? warm : calls;
  const target = issued + count;
  const made = () => issued >= target && (enough || !patient);
  pace = new Pace(rate);
  let burst = bursts.next().value;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const size = Math.min(burst, cap);
      if (!made() && pace.isDue() && open + size <= cap) {
        for (let i = 0; i < size && !made(); i++) makeAll(source.next().value);
        pace.made(size);
        burst = bursts.next().value;
      }
      if (!made() || open > 0) return;
      clearInterval(timer);
      resolve({ issued });
    }, 4);
  });
}

on('load', load);
on<{ call: Wanted }>('make', ({ call }) => new Promise<void>((resolve) => make(call, resolve)));
on<{ id: string }>('made', ({ id }) => {
  passedOn.get(id)?.();
  passedOn.delete(id);
});
on<{ rate: number }>('pace', ({ rate }) => void (pace.rate = rate));
on('vitals', () => vitals(() => ({ ...heldByClient(client), resent })));
on('progress', () => ({ issued, open }));
on('close', () => client.close());

witnessConnections(history, client);
await client.connect();
whenSentAgain(client, () => resent++);
tell('up', { name });

import fc from 'fast-check';
import { RedisStreamsError } from '../../libs/redis-stream-transport/src/errors.js';
import { RateLimitedLogger } from '../../libs/redis-stream-transport/src/engine/rate-limited-logger.js';
import type { Call } from '../../libs/redis-stream-transport/src/engine/producer/call.js';
import type { CallRequest } from '../../libs/redis-stream-transport/src/engine/producer/call-request.js';
import { Producer } from '../../libs/redis-stream-transport/src/engine/producer/producer.js';
import { resolveClientOptions } from '../../libs/redis-stream-transport/src/options/index.js';
import {
  encodeFrame,
  encodeReply,
  REPLY,
} from '../../libs/redis-stream-transport/src/protocol/frame.js';
import { decideScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/decide.js';
import { enqueueOneScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/enqueue-one.js';
import { enqueueScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/enqueue.js';
import { helloScript } from '../../libs/redis-stream-transport/src/redis/operations/hello.js';
import { reAskScript } from '../../libs/redis-stream-transport/src/redis/operations/calling/re-ask.js';
import { Dice } from './dice.js';
import { producerDiagnostics } from '../support/silent-diagnostics.js';
import type { Host, SteppedLink } from './stepped-link.js';
import { ProcessClock, Timeline } from './time.js';

vi.mock('../../libs/redis-stream-transport/src/redis/link.js', async () => ({
  Link: (await import('./stepped-link.js')).SteppedLink,
}));

const MAX_PENDING = 4;
/** Milliseconds after which a passed deadline has been noticed: two ticks of 32 ms of the client's deadline queue. */
const LATEST = 64;

/** What the model knows of a call. */
interface Expected {
  readonly deadline: number;
  /** An instance was given its entry. */
  taken: boolean;
  /** Code of its end, and whether its handler may have run; undefined while it is open. */
  end: { code: string; outcome: string } | undefined;
}

interface Model {
  closed: boolean;
  readonly calls: Expected[];
}

const openOnes = (model: Model): Expected[] => model.calls.filter(({ end }) => end === undefined);

/**
 * A client and, in place of Redis, a few lines that answer it; the scripts themselves are tested by the
 * model. Everything that is on its way arrives before the next command.
 */
class Stage implements Host {
  readonly links: SteppedLink[] = [];
  readonly timeline = new Timeline();
  private readonly clock = new ProcessClock(this.timeline, new Dice(1));
  readonly producer: Producer;
  readonly calls: Call[] = [];
  readonly ends: { code: string; outcome: string }[][] = [];
  /** Entries by call; the names of those that an instance has. */
  private readonly entries = new Map<string, string>();
  private readonly taken = new Set<string>();
  private lastNumber = '';
  private verdict = '';
  private nextId = 1;

  constructor() {
    const options = { ...resolveClientOptions({ maxPending: MAX_PENDING }), redis: this as never };
    const silent = new RateLimitedLogger({ log() {}, warn() {}, error() {} }, () => this.now());
    const none = () => {};
    const diagnostics = producerDiagnostics(this.clock);
    const hooks = { ready: none, closed: none, failed: none, status: none, diagnostics };
    this.producer = new Producer(options, this.clock, silent, hooks);
    this.producer.start();
  }

  now(): number {
    return this.timeline.now;
  }

  left(): void {}

  call(timeout: number): void {
    const ends: { code: string; outcome: string }[] = [];
    this.ends.push(ends);
    const answered = () => void ends.push({ code: 'OK', outcome: 'answered' });
    const error = (thrown: unknown) => {
      const { code, outcome } = thrown as RedisStreamsError;
      ends.push({ code, outcome });
    };
    const request: CallRequest = {
      ...{
        pattern: 'work',
        stream: 'work',
        data: '1',
        timeout,
        expiresIn: 0,
        idle: 0,
        once: false,
      },
      ...{ codec: 'json', headers: undefined, key: undefined, namePattern: false, grace: 'wait' },
    };
    const sink = { value: answered, packed: async () => answered, done: answered, error };
    this.calls.push(this.producer.call(request, sink));
  }

  take(at: number): void {
    this.taken.add((this.calls[at] as Call).entry as string);
  }

  reply(at: number): void {
    const { id, entry } = this.calls[at] as Call;
    this.entries.delete(entry as string);
    const text = encodeReply({
      ...{ call: id, kind: REPLY.last, deliveries: 1, nonce: 1, index: 0 },
      ...{ payload: '1', headers: undefined },
    });
    const frame = encodeFrame('instance', text);
    for (const { connection } of this.links) {
      for (const channel of connection?.channels ?? []) {
        connection?.hear(channel, `${this.nextId++}-0 ${frame}`);
      }
    }
  }

  /** The connection for commands ends and is replaced. */
  cut(): void {
    for (const link of this.links) if (link.role === 'commands') link.cut();
  }

  async pass(ms: number): Promise<void> {
    for (const end = this.now() + ms; this.now() < end;) {
      const step = Math.max(1, Math.min(end - this.now(), Math.ceil(this.clock.wait ?? ms)));
      this.timeline.now += step;
      this.clock.fire();
      await this.settle();
    }
  }

  /** Until nothing is on its way. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const link of this.links) {
        if (link.wantsConnection) link.connect();
        for (;;) {
          const packet = link.connection?.toRedis.shift();
          const told = link.connection?.toProcess.shift();
          if (packet === undefined && told === undefined) break;
          told?.();
          if (packet?.name === 'ssubscribe' && link.connection !== undefined)
            link.connection.channels = new Set(packet.args);
          packet?.resolve(this.answer(packet.name, packet.args));
          quiet = 0;
        }
      }
    }
  }

  private answer(name: string, args: readonly string[]): unknown {
    if (name === 'xrange' || name === 'xrevrange') return [];
    const keys = Number(args[1]);
    const values = args.slice(2 + keys);
    const now = String(this.now());
    switch (args[0]) {
      case helloScript.sha:
        return ['memory', '1', now];
      case enqueueScript.sha:
        return this.enqueue(values, Number(values[9]) === 0 ? 0 : Number(values[12]), now);
      case enqueueOneScript.sha:
        return this.enqueue([values[0]!, values[1]!, '0'], 1, now);
      case decideScript.sha: {
        const fates = entriesIn(values.slice(1)).map((entry) => {
          if (!this.entries.has(entry)) return 'gone';
          if (this.taken.has(entry)) return 'may -';
          this.entries.delete(entry);
          return 'not-run';
        });
        return [now, 'memory', '0-0', ...fates];
      }
      case reAskScript.sha: {
        const flags = entriesIn(values.slice(2)).map((entry) =>
          this.entries.has(entry) ? '1' : '0',
        );
        return [now, 'memory', '1', '', flags.join('')];
      }
      default:
        return '';
    }
  }

  /** @param count entries of its section; 0: it has none */
  private enqueue([epoch, at, version]: readonly string[], count: number, now: string): string {
    const number = `${epoch} ${at}`;
    if (number === this.lastNumber) return `done ${now} ${this.verdict}`;
    this.lastNumber = number;
    const first = this.nextId++;
    for (let i = 0; i < count; i++) this.entries.set(`${first}-${i}`, 'entry');
    this.verdict = `${version} ${count === 0 ? '' : `${first}-0:${count}`}`;
    return `ok ${now} ${this.verdict}`;
  }
}

/** Of each call that is asked about: its entry, and its place if that is a pack. */
const entriesIn = (values: readonly string[]) => values.filter((_, i) => i % 3 === 0);

async function check(model: Model, stage: Stage): Promise<void> {
  await stage.settle();
  const expected = model.calls.map(({ end }) => (end === undefined ? [] : [end]));
  expect(stage.ends).toEqual(expected);
  expect(stage.producer.pending).toBe(openOnes(model).length);
}

function command(
  name: string,
  run: (model: Model, stage: Stage) => void | Promise<void>,
  possible: (model: Model) => boolean = () => true,
): fc.AsyncCommand<Model, Stage> {
  return {
    check: possible,
    async run(model, stage) {
      await run(model, stage);
      await check(model, stage);
    },
    toString: () => name,
  };
}

const hasOpen = (model: Model): boolean => openOnes(model).length > 0 && !model.closed;
const chosen = (model: Model, n: number): [number, Expected] => {
  const open = openOnes(model);
  const call = open[n % open.length] as Expected;
  return [model.calls.indexOf(call), call];
};
/** Whether a deadline has passed, but the client may not have noticed it yet. */
const isEnding = (deadline: number, now: number): boolean =>
  deadline <= now && now < deadline + LATEST;
const given = ({ taken }: Expected): string => (taken ? 'may-have-run' : 'not-run');

const commands = [
  fc.constantFrom(50, 3000, 20_000).map((timeout) =>
    command(`call within ${timeout}`, (model, stage) => {
      stage.call(timeout);
      let end: Expected['end'];
      if (model.closed) end = { code: 'CLOSED', outcome: 'not-run' };
      else if (openOnes(model).length >= MAX_PENDING)
        end = { code: 'OVERLOADED', outcome: 'not-run' };
      model.calls.push({ deadline: stage.now() + timeout, taken: false, end });
    }),
  ),
  fc.nat().map((n) =>
    command(
      `an instance is given ${n}`,
      (model, stage) => {
        const [at, call] = chosen(model, n);
        stage.take(at);
        call.taken = true;
      },
      hasOpen,
    ),
  ),
  fc.nat().map((n) =>
    command(
      `reply to ${n}`,
      (model, stage) => {
        const [at, call] = chosen(model, n);
        stage.reply(at);
        call.end = { code: 'OK', outcome: 'answered' };
      },
      hasOpen,
    ),
  ),
  fc.tuple(fc.nat(), fc.boolean()).map(([n, connected]) =>
    command(
      `cancel ${n}${connected ? '' : ' just after a cut'}`,
      async (model, stage) => {
        const [at, call] = chosen(model, n);
        if (!connected) {
          stage.cut();
          await stage.settle();
        }
        stage.producer.cancel(stage.calls[at] as Call, true);
        call.end = { code: 'CANCELLED', outcome: given(call) };
      },
      hasOpen,
    ),
  ),
  fc.constantFrom(10, 1000, 15_000).map((ms) =>
    command(`${ms} ms pass`, async (model, stage) => {
      await stage.pass(ms);
      while (openOnes(model).some(({ deadline }) => isEnding(deadline, stage.now())))
        await stage.pass(LATEST);
      for (const call of openOnes(model)) {
        if (call.deadline <= stage.now()) call.end = { code: 'TIMEOUT', outcome: given(call) };
      }
    }),
  ),
  fc.constant(command('the connection is cut', (_, stage) => stage.cut(), hasOpen)),
  fc.constant(
    command('the client closes', async (model, stage) => {
      const closing = stage.producer.close();
      await stage.settle();
      await closing;
      for (const call of openOnes(model)) call.end = { code: 'CLOSED', outcome: given(call) };
      model.closed = true;
    }),
  ),
];

it('a deadline that falls between two ticks is noticed within them', async () => {
  const stage = new Stage();
  await stage.settle();
  stage.call(3000);
  await stage.settle();
  await stage.pass(3000);
  expect(stage.ends).toEqual([[]]);
  await stage.pass(LATEST);
  expect(stage.ends).toEqual([[{ code: 'TIMEOUT', outcome: 'not-run' }]]);
});

it('pending calls end exactly once, as the model says, and none is left behind', async () => {
  const outcome = await fc.check(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (sequence) => {
      await fc.asyncModelRun(
        () => ({ model: { closed: false, calls: [] }, real: new Stage() }),
        sequence,
      );
    }),
    { numRuns: 200 },
  );
  expect(outcome.failed, fc.defaultReportMessage(outcome) ?? '').toBe(false);
}, 60_000);

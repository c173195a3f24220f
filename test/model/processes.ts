import {
  resolveClientOptions,
  resolveServerOptions,
} from '../../libs/redis-stream-transport/src/options/index.js';
import type { Delivery } from '../../libs/redis-stream-transport/src/engine/consumer/run/delivery.js';
import { Consumer } from '../../libs/redis-stream-transport/src/engine/consumer/consumer.js';
import type { PatternSpec } from '../../libs/redis-stream-transport/src/engine/consumer/intake/pattern-state.js';
import { RateLimitedLogger } from '../../libs/redis-stream-transport/src/engine/rate-limited-logger.js';
import type { Call } from '../../libs/redis-stream-transport/src/engine/producer/call.js';
import type { EntryRequest } from '../../libs/redis-stream-transport/src/engine/producer/sending/entry-request.js';
import { Producer } from '../../libs/redis-stream-transport/src/engine/producer/producer.js';
import { RedisStreamsError } from '../../libs/redis-stream-transport/src/errors.js';
import { Keys } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { consumerDiagnostics, producerDiagnostics } from '../support/silent-diagnostics.js';
import type { Dice } from './dice.js';
import type { Ending, History, Story } from './history.js';
import type { Host, Packet, SteppedLink } from './stepped-link.js';
import { ProcessClock, type Timeline } from './time.js';

export const PREFIX = 'model';
export const STREAM = 'work';
export const GROUP = 'service';
export const LEASE = 4000;
export const keys = new Keys(PREFIX, 0, 1);

const observer = { ready: () => {}, closed: () => {}, failed: () => {}, status: () => {} };

/** What all processes of a world share. */
export interface Surroundings {
  /** Calls leave several at a time, and travel in packs. */
  readonly hasPacks: boolean;
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly history: History;
  /** Packets that were on their way when their connection was cut. */
  late(packets: Packet[]): void;
  note(text: string): void;
}

/** A process with the library's real engine in it; only its links and its clock are the world's. */
export abstract class Process implements Host {
  readonly links: SteppedLink[] = [];
  readonly clock: ProcessClock;
  frozen = false;
  dead = false;

  constructor(
    readonly name: string,
    protected readonly world: Surroundings,
  ) {
    this.clock = new ProcessClock(world.timeline, world.dice);
  }

  /** It does something when it is its turn. */
  get awake(): boolean {
    return !this.dead && !this.frozen;
  }

  now(): number {
    return this.clock.now();
  }

  left(packets: Packet[]): void {
    this.world.late(packets);
  }

  /** The channels on which something may be published for it before it listens. */
  get channels(): readonly string[] {
    return [];
  }

  /** kill -9: what left may still arrive. */
  crash(): void {
    this.dead = true;
    for (const link of this.links) link.cut();
  }

  protected logger(): RateLimitedLogger {
    const say = (line: string): void => this.world.note(`${this.name}: ${line}`);
    return new RateLimitedLogger(
      { log: say, warn: say, error: say },
      () => this.now(),
      1,
      () => () => {},
    );
  }
}

/** A client. */
export class Caller extends Process {
  readonly producer: Producer;
  private readonly open = new Map<Story, Call>();

  constructor(name: string, world: Surroundings) {
    super(name, world);
    const options = { ...resolveClientOptions({ prefix: PREFIX }), redis: this as never };
    const diagnostics = producerDiagnostics(this.clock);
    const hooks = { ...observer, diagnostics };
    this.producer = new Producer(options, this.clock, this.logger(), hooks);
    this.producer.start();
  }

  override get channels(): readonly string[] {
    return [keys.log(this.producer.callerId)];
  }

  call(once: boolean, timeout: number): void {
    const { history } = this.world;
    const story = history.begin('call', once, this.now() + timeout);
    this.world.note(`${this.name} calls ${story.id}${once ? ' once' : ''} within ${timeout}`);
    const ended = (ending: Ending): void => {
      this.open.delete(story);
      this.world.note(`call ${story.id} ends: ${ending.code}, ${ending.outcome}`);
      history.ended(story, ending);
    };
    const answered = { code: 'OK', outcome: 'answered' } as const;
    const sink = {
      value: (payload: unknown) =>
        ended(payload === story.id ? answered : { code: 'MIXED_UP', outcome: 'may-have-run' }),
      packed: async () => () => ended({ code: 'MIXED_UP', outcome: 'may-have-run' }),
      done: () => ended({ code: 'MIXED_UP', outcome: 'may-have-run' }),
      error: (error: unknown) => ended(endingOf(error)),
    };
    const request = { ...requestOf(story, timeout), idle: 0, grace: 'wait' } as const;
    this.open.set(story, this.producer.call(request, sink));
  }

  tell(): void {
    const { history } = this.world;
    const story = history.begin('event', false, this.now() + 600_000);
    this.world.note(`${this.name} tells ${story.id}`);
    this.producer.publish(requestOf(story, 600_000)).then(
      () => history.ended(story, { code: 'OK', outcome: 'answered' }),
      (error: unknown) => history.ended(story, endingOf(error)),
    );
  }

  /** What is open, for the trace. */
  get state(): string {
    const open = [...this.open].map(([{ id }, call]) => `${id} ${call.state} ${call.entry}`);
    return `${this.name} waits for ${open.join(', ')}`;
  }

  get waiting(): Story[] {
    return [...this.open.keys()];
  }

  cancel(story: Story): void {
    story.givenUp = true;
    this.world.note(`${this.name} cancels ${story.id}`);
    this.producer.cancel(this.open.get(story) as Call, true);
  }
}

function requestOf({ id, once }: Story, timeout: number): EntryRequest {
  const plain = { headers: undefined, key: undefined, namePattern: false };
  return {
    pattern: STREAM,
    stream: STREAM,
    codec: 'json',
    data: String(id),
    timeout,
    expiresIn: 0,
    once,
    ...plain,
  };
}

function endingOf(error: unknown): Ending {
  if (error instanceof RedisStreamsError) return { code: error.code, outcome: error.outcome };
  return { code: `ERROR ${JSON.stringify(error)}`, outcome: 'may-have-run' };
}

const SPEC: PatternSpec = {
  ...{ pattern: STREAM, stream: STREAM, answers: true, hears: false, broadcast: false },
  ...{ concurrency: undefined, retry: undefined, restartable: false, once: false },
};

/** An instance of the service. Its handlers run until the world lets them finish. */
export class Instance extends Process {
  readonly consumer: Consumer;
  readonly running: Delivery[] = [];
  private readonly runs = new Map<Delivery, { again: boolean; finished: boolean }>();
  /** It has stopped by itself, or could not start. */
  over = false;

  constructor(name: string, world: Surroundings) {
    super(name, world);
    // With less room nobody sends it packs.
    const concurrency = world.hasPacks ? 64 : 3;
    const asked = { prefix: PREFIX, group: GROUP, leaseTtl: LEASE, concurrency };
    const options = {
      ...resolveServerOptions({ ...asked, maxDeliveries: 1000 }),
      redis: this as never,
    };
    this.consumer = new Consumer({
      ...{ options, specs: [SPEC], companions: [], clock: this.clock, logger: this.logger() },
      diagnostics: consumerDiagnostics(this.clock),
      hooks: { ...observer, run: (delivery) => this.run(delivery) },
      shared: {},
    });
    this.consumer.start().catch((error: Error) => {
      world.note(`${name} does not start: ${error.message}`);
      this.over = true;
    });
  }

  get consumerName(): string {
    return (this.consumer.shards[0] as Consumer['shards'][number]).context.identity.consumer;
  }

  /** One of its handlers returns. */
  finish(delivery: Delivery): void {
    this.running.splice(this.running.indexOf(delivery), 1);
    if (delivery.ended) return;
    this.world.note(`${this.name} finishes ${delivery.entry.data}`);
    this.noted(delivery).finished = true;
    if (delivery.isRequest) delivery.value(delivery.entry.data, true);
    else delivery.acknowledge();
  }

  /** One of its handlers asks for another attempt. */
  retry(delivery: Delivery): void {
    this.running.splice(this.running.indexOf(delivery), 1);
    if (delivery.ended) return;
    this.world.note(`${this.name} wants ${delivery.entry.data} again`);
    this.noted(delivery).again = true;
    delivery.retry({ delay: 200, state: '-', detail: 'asked for', error: undefined });
  }

  /** SIGTERM. */
  close(): void {
    this.world.note(`${this.name} closes`);
    this.world.history.leaseLost(this.consumerName);
    void this.consumer.close().then(() => {
      this.world.note(`${this.name} has closed`);
      this.over = true;
    });
  }

  private run(delivery: Delivery): void {
    if (this.dead) return;
    const { data } = delivery.entry;
    this.world.note(
      `${this.name} runs ${data} (${delivery.name}, delivery ${delivery.history.deliveries})`,
    );
    this.runs.set(delivery, this.world.history.ran(Number(data), delivery.consumer));
    this.running.push(delivery);
  }

  private noted(delivery: Delivery): { again: boolean; finished: boolean } {
    return this.runs.get(delivery) as { again: boolean; finished: boolean };
  }
}

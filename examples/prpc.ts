// PRPC's way in and out: a bridge for programs that speak `prpc_raw_{queue}` and have not moved yet. A request is an
// entry of that stream, its answer lies under its id for six hours. The handlers are ordinary ones of Nest.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  RpcException,
} from '@nestjs/microservices';
import {
  ClientRedisStreams,
  RedisStreamsError,
  RedisStreamsRecord,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { Redis } from 'ioredis';
import { lastValueFrom } from 'rxjs';

/** What PRPC's clients write, as JSON in the field `message`. */
interface Request {
  readonly func_name: string;
  readonly func_args: readonly unknown[];
  readonly func_kwargs: Readonly<Record<string, unknown>>;
  readonly message_id: string;
}

/** Of all bridges together: none is known by a name of its own, so none leaves one behind. */
const CONSUMER = 'bridge';
/** Requests that a bridge has open. */
const AT_ONCE = 64;
/** Milliseconds after which another bridge takes a request over; its handler does not run again for that. */
const IDLE = 60_000;
/** Seconds for which answers are kept; PRPC's own default. */
const KEPT = 6 * 60 * 60;
/** Of what was no request, the newest that are kept. */
const REFUSED = 10_000;

/** Serves the raw queue of PRPC with what instances of Nest answer. */
export class PrpcBridge {
  private readonly stream: string;
  private readonly commands: Redis;
  private readonly reader: Redis;
  private readonly open = new Set<Promise<void>>();
  private closing = false;
  private reading: Promise<void> | undefined;

  constructor(
    url: string,
    private readonly client: ClientRedisStreams,
    private readonly queue: string,
    /** That of PRPC's servers, so that both share the requests while both are there. */
    private readonly group: string,
  ) {
    this.stream = `prpc_raw_${queue}`;
    this.commands = new Redis(url, { maxRetriesPerRequest: null });
    this.reader = new Redis(url, { maxRetriesPerRequest: null });
    // They connect again by themselves.
    for (const connection of [this.commands, this.reader]) connection.on('error', () => {});
  }

  async start(): Promise<void> {
    await this.join();
    this.reading = this.read();
  }

  /** Answers what is open, and reads nothing more. What is not answered stays pending for the next bridge. */
  async close(): Promise<void> {
    this.closing = true;
    this.reader.disconnect();
    await this.reading;
    await Promise.all(this.open);
    this.commands.disconnect();
  }

  private async join(): Promise<void> {
    try {
      await this.commands.xgroup('CREATE', this.stream, this.group, '0', 'MKSTREAM');
    } catch (error) {
      if (!String(error).includes('BUSYGROUP')) throw error;
    }
  }

  private async read(): Promise<void> {
    while (!this.closing) {
      try {
        for (const entry of await this.next()) this.take(entry);
        if (this.open.size >= AT_ONCE) await Promise.race(this.open);
      } catch (error) {
        if (this.closing) return;
        console.warn(`${this.stream} cannot be read: ${String(error)}`);
        await pause(1_000);
        // Redis may have lost the group with its memory.
        await this.join().catch(() => {});
      }
    }
  }

  /** What a bridge has left behind, else what is new. */
  private async next(): Promise<Entry[]> {
    const [stream, group, count] = [this.stream, this.group, AT_ONCE - this.open.size];
    const { commands, reader } = this;
    const claimed = await commands.xautoclaim(stream, group, CONSUMER, IDLE, '0', 'COUNT', count);
    const left = claimed[1] as Entry[];
    if (left.length > 0) return left;
    const block = ['COUNT', count, 'BLOCK', 5_000, 'STREAMS', stream, '>'] as const;
    const read = await reader.xreadgroup('GROUP', group, CONSUMER, ...block);
    return read?.[0]?.[1] ?? [];
  }

  private take(entry: Entry): void {
    const done = this.answer(entry)
      .catch((error: unknown) => console.warn(`${entry[0]} stays pending: ${String(error)}`))
      .finally(() => this.open.delete(done));
    this.open.add(done);
  }

  private async answer([id, fields]: Entry): Promise<void> {
    const text = textOf(fields);
    const request = requestOf(text);
    const end = this.commands.multi();
    if (request === undefined) {
      // Nobody waits for it under an id, and it is not thrown away.
      end.xadd(`prpc_refused_${this.queue}`, 'MAXLEN', '~', REFUSED, '*', 'message', text);
    } else {
      const outcome = await this.call(request);
      const answer = {
        ...request,
        ...outcome,
        date_create_message: new Date(Number(id.split('-')[0])).toISOString(),
        date_done_message: new Date().toISOString(),
      };
      const key = `prpc_feedback_raw_${this.queue}_${request.message_id}`;
      end.set(key, JSON.stringify(answer), 'EX', KEPT);
    }
    // The answer and the acknowledgement are one step.
    await end.xack(this.stream, this.group, id).exec();
  }

  /** @throws when it is not known what became of the call because this bridge closes */
  private async call(
    request: Request,
  ): Promise<{ result: unknown; exception_info: string | null }> {
    const { func_name, func_args, func_kwargs, message_id } = request;
    // A list of arguments, as contracts have it too; named ones come last, as one object.
    const data = Object.keys(func_kwargs).length === 0 ? func_args : [...func_args, func_kwargs];
    try {
      // With the id as its key, a request that is taken over attaches to the run that there is.
      const record = new RedisStreamsRecord(data, { idempotencyKey: message_id });
      const reply = this.client.send<unknown>(func_name, record);
      const result = await lastValueFrom(reply, { defaultValue: null });
      return { result, exception_info: null };
    } catch (error) {
      if (RedisStreamsError.isRedisStreamsError(error) && error.code === 'CLOSED') throw error;
      const told = (error as { message?: unknown } | null)?.message;
      return { result: null, exception_info: String(told ?? error) };
    }
  }
}

type Entry = [id: string, fields: string[] | null];

/** The field `message`; an entry that was deleted has none. */
function textOf(fields: string[] | null): string {
  const at = fields?.findIndex((name, i) => i % 2 === 0 && name === 'message') ?? -1;
  return at < 0 ? '' : fields![at + 1]!;
}

function requestOf(text: string): Request | undefined {
  try {
    const read = JSON.parse(text) as Partial<Request> | null;
    const { func_name, func_args = [], func_kwargs = {}, message_id } = read ?? {};
    if (typeof func_name !== 'string' || typeof message_id !== 'string') return undefined;
    if (!Array.isArray(func_args) || typeof func_kwargs !== 'object' || func_kwargs === null)
      return undefined;
    return { func_name, func_args, func_kwargs, message_id };
  } catch {
    return undefined;
  }
}

let runs = 0;

@Controller()
class MathController {
  @MessagePattern('summ')
  summ(@Payload() args: number[]): number {
    runs++;
    return args.reduce((sum, n) => sum + n, 0);
  }

  @MessagePattern('greeting')
  greeting(@Payload() [name, named]: [string, { part_of_day: string }]): string {
    if (name === '') throw new RpcException('whom?');
    return `Hi ${name}, have a good ${named.part_of_day}`;
  }
}

@Module({ controllers: [MathController] })
class MathModule {}

/** Programs of PRPC look for their answers now and then. */
async function soon<T>(look: () => Promise<T | null>): Promise<T> {
  for (let i = 0; i < 500; i++) {
    const found = await look();
    if (found !== null) return found;
    await pause(20);
  }
  throw new Error('not found within ten seconds');
}

/** As a program of PRPC asks: it adds an entry, looks for the answer, and deletes it. */
async function ask(redis: Redis, queue: string, request: Partial<Request>) {
  const { message_id = randomUUID() } = request;
  const key = `prpc_feedback_raw_${queue}_${message_id}`;
  await redis.xadd(`prpc_raw_${queue}`, '*', 'message', JSON.stringify({ ...request, message_id }));
  const answer = JSON.parse(await soon(() => redis.get(key))) as Record<string, unknown>;
  const kept = (await redis.ttl(key)) > KEPT - 60;
  await redis.del(key);
  const { result, exception_info, date_create_message, date_done_message } = answer;
  const inOrder = String(date_create_message) <= String(date_done_message);
  return { result, exception_info, inOrder, kept };
}

export async function run(url: string) {
  runs = 0;
  const redis = { url, prefix: `example-${randomUUID()}` };
  const queue = `example-${randomUUID()}`;
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(MathModule, {
    strategy: new ServerRedisStreams({ ...redis, group: 'math' }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const client = new ClientRedisStreams({ ...redis, whenNoConsumer: 'fail' });
  const bridge = new PrpcBridge(url, client, queue, 'prpc');
  await bridge.start();
  const program = new Redis(url);
  try {
    const sum = { message_id: randomUUID(), func_name: 'summ', func_args: [2, 3] };
    const answers = {
      sum: await ask(program, queue, sum),
      // Sent again, as a bridge that takes over would do: answered, and not run again.
      again: await ask(program, queue, sum),
      named: await ask(program, queue, {
        func_name: 'greeting',
        func_args: ['Ada'],
        func_kwargs: { part_of_day: 'evening' },
      }),
      failed: await ask(program, queue, { func_name: 'greeting', func_args: [''] }),
      unknown: await ask(program, queue, { func_name: 'nobody' }),
    };
    await program.xadd(`prpc_raw_${queue}`, '*', 'message', 'no JSON');
    const refused = await soon(async () => (await program.xlen(`prpc_refused_${queue}`)) || null);
    // What is answered is not pending any more.
    const [pending] = (await program.xpending(`prpc_raw_${queue}`, 'prpc')) as [number];
    return { ...answers, sums: runs, refused, pending };
  } finally {
    await bridge.close();
    await client.close();
    await service.close();
    await program.del(`prpc_raw_${queue}`, `prpc_refused_${queue}`);
    program.disconnect();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));

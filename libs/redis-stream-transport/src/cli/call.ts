import type { Command } from 'commander';
import type { Observable } from 'rxjs';
import type { ClientRedisStreams } from '../nest/client-redis-streams.js';
import { RedisStreamsRecord } from '../nest/redis-streams.record.js';
import type { RecordOptions } from '../options/index.js';
import { tellFailure, withClient } from './caller.js';
import { described } from './described.js';
import { DATA, givenData } from './given-data.js';
import type { Session } from './session.js';
import { duration, header } from './values.js';
import { withWhere, type Where } from './where.js';

interface SendOptions extends Where {
  readonly header?: Record<string, string>;
  readonly timeout?: number;
  readonly key?: string;
  readonly once?: boolean;
  readonly wait?: boolean;
}

const EXITS = '0: it worked; 1: the transport failed; 3: the handler answered with an error';

export function addCall(program: Command, session: Session): void {
  const command = described(program.command('call'), {
    summary: 'calls a pattern, and prints each value of the reply on a line of its own',
    examples: [
      [`call orders.price '{"id":"a1"}'`, 'a call with data'],
      ['call orders.import @orders.json --timeout 2m', 'with the data of a file'],
      [`call '{"cmd":"sum"}' '[1,2]' --header tenant=a`, 'a pattern that is an object'],
    ],
    exits: EXITS,
  });
  withSending(command)
    .option('--wait', 'waits where no instance serves the pattern, instead of failing')
    .action((pattern: string, data: string | undefined, options: SendOptions) =>
      send(session, pattern, data, options),
    );
}

export function addEmit(program: Command, session: Session): void {
  const command = described(program.command('emit'), {
    summary: 'emits an event; it is stored when this ends',
    examples: [
      [`emit orders.placed '{"id":"a1"}'`, 'an event with data'],
      ['emit orders.placed - --key a1', 'with data of standard input; stored results by key'],
    ],
    exits: '0: it is stored; 1: the transport failed',
  });
  withSending(command).action((pattern: string, data: string | undefined, options: SendOptions) =>
    emit(session, pattern, data, options),
  );
}

function withSending(command: Command): Command {
  return withWhere(command)
    .argument('<pattern>', 'a text, or JSON of another pattern')
    .argument('[data]', DATA)
    .option('--header <name=value>', 'may be repeated', header)
    .option('--timeout <duration>', 'such as 500ms or 30s; default: 30s', duration)
    .option('--key <key>', 'an idempotency key: handled once, however often it is sent')
    .option('--once', 'never started twice, also if its instance dies');
}

function recordOf(data: unknown, options: SendOptions): RedisStreamsRecord {
  const { header: headers, timeout, key, once, wait } = options;
  const chosen: RecordOptions = {
    ...(headers === undefined ? {} : { headers }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(once === true ? { atMostOnce: true } : {}),
    ...(wait === true ? { whenNoConsumer: 'wait' } : {}),
  };
  return new RedisStreamsRecord(data, chosen);
}

type Sending = readonly [pattern: string, given: string | undefined, options: SendOptions];

async function send(session: Session, ...sending: Sending): Promise<void> {
  const { screen } = session;
  await withRecord(session, sending, (client, record) =>
    each(client.send<unknown>(sending[0], record), (value) => {
      if (value !== undefined) screen.jsonLine(value);
    }),
  );
}

async function emit(session: Session, ...sending: Sending): Promise<void> {
  const { screen } = session;
  const [pattern, , { json }] = sending;
  await withRecord(session, sending, async (client, record) => {
    await each(client.emit<unknown>(pattern, record), () => undefined);
    if (json === true) screen.json({ stored: true, pattern });
    else screen.line(`stored: an event of ${pattern}`);
  });
}

/** Connects, does it with the data that was given, and tells what failed. */
async function withRecord(
  session: Session,
  [, given, options]: Sending,
  act: (client: ClientRedisStreams, record: RedisStreamsRecord) => Promise<void>,
): Promise<void> {
  const { screen } = session;
  const record = recordOf(await givenData(given, screen.terminal), options);
  await withClient(options, screen, async (client) => {
    try {
      await act(client, record);
    } catch (error) {
      session.exitCode = tellFailure(error, options.json === true, screen);
    }
  });
}

function each(values: Observable<unknown>, take: (value: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // The handler may throw anything.
    values.subscribe({ next: take, error: reject, complete: resolve });
  });
}

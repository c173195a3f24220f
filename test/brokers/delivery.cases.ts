import { contractClient } from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually, lookFor, pause } from '../../tools/wait.js';
import { failure } from '../contracts/support.js';
import { type Contracts, type Journal, jobsOf, newContracts, newsOf } from './jobs.contract.js';
import type { OpenTransport } from './place.js';
import { promised, type TransportName } from './promises.js';
import { Stage } from './stage.js';

/** How long silence is listened to where silence is what is expected, in milliseconds. */
const SILENCE = 400;
/** Within which everything else must have come; Kafka's groups take some seconds. */
const PATIENCE = 60_000;
const IDS = Array.from({ length: 20 }, (_, i) => i);

/** What becomes of calls and events on their way, over any transport. */
export function deliveryCases(transport: TransportName, open: () => OpenTransport): void {
  let made: Contracts;
  let stage: Stage;
  let journal: Journal;

  beforeEach(async () => {
    made = newContracts();
    stage = await Stage.open(open(), Object.values(made));
    journal = { lines: [], over: false };
  });
  afterEach(async () => {
    journal.over = true;
    await stage.close();
  });

  const soon = (assertion: () => void): Promise<void> => eventually(assertion, PATIENCE, 20);

  const runs = promised('once', transport, IDS.length, { redis: 2 * IDS.length });
  const busy = promised('shared', transport, ['a0', 'a1'], { tcp: ['a0'] });
  test('commands to a service of two instances', async () => {
    await stage.serve('a', jobsOf(made, 'a0', journal));
    await stage.serve('a', jobsOf(made, 'a1', journal));
    const client = await stage.client('a', made.JobsContract);
    await Promise.all(IDS.map((id) => client.work(id)));
    await soon(() => expect(journal.lines).toHaveLength(runs));
    expect([...new Set(journal.lines.map((line) => line.slice(0, 2)))].toSorted()).toEqual(busy);
  });

  const copies = promised('everyService', transport, ['a 7', 'b 7'], {
    tcp: ['a 7'],
    redis: ['a 7', 'a 7', 'b 7'],
    rabbitmq: ['a 7'],
  });
  test('an event for two services', async () => {
    await stage.serve('a', newsOf(made, 'a', journal));
    await stage.serve('a', newsOf(made, 'a', journal));
    await stage.serve('b', newsOf(made, 'b', journal));
    const client = await stage.client('a', made.NewsContract);
    await client.told(7);
    await soon(() => expect(journal.lines.toSorted()).toEqual(copies));
    await pause(SILENCE);
    expect(journal.lines).toHaveLength(copies.length);
  });

  const tries = promised('retried', transport, 2, { tcp: 1, redis: 1, nats: 1, rabbitmq: 1 });
  test('an event whose handler fails', async () => {
    await stage.serve('a', newsOf(made, 'a', journal));
    const client = await stage.client('a', made.NewsContract);
    await client.failing(1);
    await soon(() => expect(journal.lines).toHaveLength(tries));
    await pause(SILENCE);
    expect(journal.lines).toHaveLength(tries);
  });

  const kept = promised('stored', transport, ['a 1', 'a 2', 'a 3'], {
    tcp: ['a 1', 'a 3'],
    redis: ['a 1', 'a 3'],
    nats: ['a 1', 'a 3'],
  });
  test('an event that is sent while its service is away', async () => {
    const stop = await stage.serve('a', newsOf(made, 'a', journal));
    await (await stage.client('a', made.NewsContract)).told(1);
    await soon(() => expect(journal.lines).toEqual(['a 1']));
    await stop();
    const sent = (await stage.client('a', made.NewsContract)).told(2);
    // Nobody listens at the port.
    await (transport === 'tcp' ? failure(sent) : sent);
    await stage.serve('a', newsOf(made, 'a', journal));
    await (await stage.client('a', made.NewsContract)).told(3);
    // What a group was told and has not confirmed may come again.
    await soon(() => expect([...new Set(journal.lines)].toSorted()).toEqual(kept));
  });

  const after = promised('killed', transport, 'answered', {
    tcp: 'an error',
    nats: 'silence',
    rabbitmq: 'silence',
  });
  test('commands in flight at an instance that is killed', async () => {
    const victim = await stage.victim('a', made.JobsContract);
    await stage.serve('a', jobsOf(made, 'a1', journal));
    const client = await stage.client('a', made.JobsContract);
    const ends: string[] = [];
    let sent = 0;
    const send = () =>
      void client.work(sent++).then(
        () => ends.push('answered'),
        () => ends.push('an error'),
      );
    // Some are run by the other instance, where that gets any.
    await soon(() => {
      if (sent < 100) send();
      expect(victim.begun).toBeGreaterThan(0);
      expect(sent).toBeGreaterThan(IDS.length);
    });
    await victim.kill();
    if (after === 'silence') {
      await soon(() => expect(journal.lines.length).toBeGreaterThan(0));
      await pause(SILENCE);
      expect(ends).not.toContain('an error');
      // Those that were on their way to it are lost too.
      expect(ends.length).toBeLessThanOrEqual(sent - victim.begun);
    } else {
      await soon(() => expect(ends).toHaveLength(sent));
      expect(new Set(ends)).toEqual(new Set([after]));
    }
  });

  const refused = promised<object | undefined>(
    'refused',
    transport,
    { code: 'NO_CONSUMER', outcome: 'not-run' },
    {
      tcp: { code: 'ECONNREFUSED' },
      redis: undefined,
      nats: { message: expect.stringContaining('Empty response') },
      rabbitmq: undefined,
      kafka: undefined,
    },
  );
  test('a command that no service has', async () => {
    const client = await stage.client('a', made.AbsentContract);
    const call = failure(client.work(1));
    const wait = refused === undefined ? pause(SILENCE, undefined) : undefined;
    if (wait === undefined) expect(await call).toMatchObject(refused!);
    else {
      expect(await Promise.race([wait, call])).toBeUndefined();
      await stage.close();
      expect(await call).toMatchObject({ message: 'Connection closed' });
    }
  });

  const stopped = promised('stopped', transport, true, {
    tcp: false,
    redis: false,
    nats: false,
    rabbitmq: false,
    kafka: false,
  });
  test('a caller that leaves a stream', async () => {
    await stage.serve('a', jobsOf(made, 'a', journal));
    const client = await stage.client('a', made.JobsContract);
    let ticks = 0;
    for await (const _ of client.ticks(10)) if (++ticks === 3) break;
    const within = stopped ? PATIENCE : SILENCE;
    const ended = await lookFor(() => journal.lines.includes('ended'), within, 20);
    expect(ended === true).toBe(stopped);
  });

  const options = promised('options', transport, true, {
    tcp: false,
    redis: false,
    nats: false,
    rabbitmq: false,
    kafka: false,
  });
  const checked = promised('compared', transport, true, {
    tcp: false,
    redis: false,
    nats: false,
    rabbitmq: false,
    kafka: false,
  });
  test('options of a call, and a check of the contract', async () => {
    const proxy = await stage.proxy('a', made.JobsContract);
    const refusal = expect.objectContaining({ code: 'INVALID_CALL' });
    const limited = () => contractClient(made.JobsContract, proxy).with({ timeout: 5_000 });
    const strict = () => contractClient(made.JobsContract, proxy, { check: 'strict' });
    if (options) limited();
    else expect(limited).toThrow(refusal);
    if (checked) strict();
    else expect(strict).toThrow(refusal);
  });
}

import fc from 'fast-check';
import type { ServerRedisStreams } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { listening, TestService } from '../../support/test-service.js';

/** What is expected of a client and a server that the commands act on. */
interface Model {
  connected: boolean;
  /** It has called since it connected, so it listens for replies too. */
  called: boolean;
  listening: boolean;
}

interface Real {
  readonly client: Caller;
  readonly server: ServerRedisStreams;
}

type Command = fc.AsyncCommand<Model, Real>;

/** Connections are there exactly while the model says so. */
async function check(model: Model, { client, server }: Real): Promise<void> {
  const wanted = model.called ? 2 : 1;
  const open = () => client.unwrap<unknown[]>().filter(Boolean).length;
  if (model.connected) await eventually(() => expect(open()).toBe(wanted));
  else expect(() => client.unwrap()).toThrow('Not initialized');
  if (model.listening) expect(server.unwrap<unknown[]>().filter(Boolean)).toHaveLength(3);
  else expect(() => server.unwrap()).toThrow('Not initialized');
}

const command = (name: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  async run(model, real) {
    await run(model, real);
    if (!model.connected) model.called = false;
    await check(model, real);
  },
  toString: () => name,
});

const commands = [
  command('connect', async (model, { client }) => {
    await client.connect();
    model.connected = true;
  }),
  command('close the client', async (model, { client }) => {
    await client.close();
    model.connected = false;
  }),
  command('connect and close at once', async (model, { client }) => {
    const connecting = client.connect();
    const [outcome] = await Promise.allSettled([connecting, client.close(), client.close()]);
    // It was connected before, or it was told why not.
    if (!model.connected) expect(outcome).toMatchObject({ reason: { code: 'CLOSED' } });
    else expect(outcome.status).toBe('fulfilled');
    model.connected = false;
  }),
  command('listen', async (model, { server }) => {
    if (model.listening) {
      await expect(listening(server)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    } else {
      await listening(server);
    }
    model.listening = true;
  }),
  command('close the server', async (model, { server }) => {
    await Promise.all([server.close(), server.close()]);
    model.listening = false;
  }),
  command('listen and close at once', async (model, { server }) => {
    const [outcome] = await Promise.allSettled([listening(server), server.close()]);
    const code = model.listening ? 'INVALID_OPTION' : 'CLOSED';
    expect(outcome).toMatchObject({ reason: { code } });
    model.listening = false;
  }),
  command('call', async (model, { client }) => {
    // A call connects by itself.
    if (model.listening) expect(await client.call('work', 5)).toBe(5);
    else {
      const failure = await client.failure('work');
      expect(failure).toMatchObject({ code: 'NO_CONSUMER', outcome: 'not-run' });
    }
    await client.connect();
    model.connected = true;
    model.called = true;
  }),
  command('close the client during a call', async (model, { client }) => {
    const call = client.failure('wait');
    await client.close();
    expect(await call).toMatchObject({ code: model.listening ? 'CLOSED' : /CLOSED|NO_CONSUMER/ });
    model.connected = false;
  }),
];

it('clients and servers may be opened, used and closed in any order', async () => {
  const outcome = await fc.check(
    fc.asyncProperty(
      fc.commands(
        commands.map((each) => fc.constant(each)),
        { maxCommands: 12 },
      ),
      async (sequence) => {
        const service = new TestService();
        const wait = () => new Promise(() => {});
        const options = { drainTimeout: 0 };
        const server = service.server({ messages: { work: (n: number) => n, wait } }, options);
        const client = service.client({ whenNoConsumer: 'fail' });
        const setup = () => ({
          model: { connected: false, called: false, listening: false },
          real: { client, server },
        });
        await fc.asyncModelRun(setup, sequence);
        await Promise.all([client.close(), server.close()]);
      },
    ),
    { numRuns: 30, endOnFailure: true },
  );
  expect(outcome.failed, fc.defaultReportMessage(outcome) ?? '').toBe(false);
}, 120_000);

import { blackhole, slow } from '../../../tools/tcp-proxy/modes.js';
import { eventually } from '../../../tools/wait.js';
import type { Handlers } from '../../support/handlers.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { counting, Load } from '../../support/load.js';
import { proxyIn } from '../../support/proxy.js';

/** What may pass from the silence of a connection to its replacement, in milliseconds. */
const REPLACED = 9000;

/** A server and a client that each reach Redis through a proxy of their own. */
async function proxied(handlers: Handlers) {
  const service = new TestService();
  const { proxy: serverProxy, through: ofServer } = await proxyIn(service);
  const { proxy: clientProxy, through: ofClient } = await proxyIn(service);
  await service.serve(handlers, ofServer);
  const client = await service.connected(ofClient);
  return { service, serverProxy, clientProxy, client };
}

describe('a connection in a black hole is replaced, and nothing is lost:', () => {
  it("the client's commands", async () => {
    const { ran, work } = counting();
    const { clientProxy, client } = await proxied({ messages: { work } });
    await client.call('work', { key: -1 });
    clientProxy.latest('commands').mode = blackhole;
    const from = performance.now();
    const answers = await Promise.all(range(20).map((key) => client.call('work', { key })));
    expect(performance.now() - from).toBeLessThan(REPLACED);
    expect(answers).toEqual(range(20));
    expect(ran.repeated).toEqual([]);
  });

  it("the client's subscription", async () => {
    const { ran, work } = counting();
    const { clientProxy, client } = await proxied({ messages: { work } });
    await client.call('work', { key: -1 });
    clientProxy.latest('subscriber').mode = blackhole;
    const from = performance.now();
    const answers = await Promise.all(range(20).map((key) => client.call('work', { key })));
    expect(performance.now() - from).toBeLessThan(REPLACED);
    expect(answers).toEqual(range(20));
    expect(ran.repeated).toEqual([]);
  });

  it("the server's reader, with entries that Redis had already handed to it", async () => {
    const { ran, work } = counting();
    const { serverProxy, client } = await proxied({ messages: { work } });
    await client.call('work', { key: -1 });
    serverProxy.latest('reader').mode = blackhole;
    const from = performance.now();
    const answers = await Promise.all(range(20).map((key) => client.call('work', { key })));
    // Redis handed them to the old connection; the audit of the new one finds them.
    expect(performance.now() - from).toBeLessThan(REPLACED + 3000);
    expect(answers).toEqual(range(20));
    expect(ran.repeated).toEqual([]);
  });

  it("the server's commands, with replies that wait to be written", async () => {
    const { ran, work } = counting();
    const { serverProxy, client } = await proxied({ messages: { work } });
    await client.call('work', { key: -1 });
    serverProxy.latest('commands').mode = blackhole;
    const from = performance.now();
    const answers = await Promise.all(range(20).map((key) => client.call('work', { key })));
    expect(performance.now() - from).toBeLessThan(REPLACED);
    expect(answers).toEqual(range(20));
    expect(ran.repeated).toEqual([]);
  });

  it("the server's subscription: an abort still reaches the handler", async () => {
    const aborted: number[] = [];
    const work = (key: number, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.push(key);
          resolve(undefined);
        });
      });
    const { service, serverProxy, client } = await proxied({ messages: { work } });
    const subscription = client.send('work', 1).subscribe();
    await eventually(async () => expect(await service.pending('work')).toBe(1));
    serverProxy.latest('subscriber').mode = blackhole;
    subscription.unsubscribe();
    // With the next renewal of the lease at the latest.
    await eventually(() => expect(aborted).toEqual([1]), REPLACED);
  });
});

it('a slow network only makes things slow', async () => {
  const { ran, work } = counting();
  const { serverProxy, clientProxy, client } = await proxied({ messages: { work } });
  serverProxy.treat(slow(50));
  clientProxy.treat(slow(50));
  const load = new Load(client, 10);
  await eventually(() => expect(load.answered).toBeGreaterThan(50), 20_000);
  await load.stop();
  expect(load.failed).toEqual([]);
  expect(ran.repeated).toEqual([]);
});

it('connections that are cut again and again lose and repeat nothing', async () => {
  const { ran, work } = counting();
  const { serverProxy, clientProxy, client } = await proxied({ messages: { work } });
  const load = new Load(client, 20);
  for (let round = 1; round <= 8; round++) {
    await eventually(() => expect(load.answered).toBeGreaterThan(round * 100), 20_000);
    (round % 2 ? clientProxy : serverProxy).cut();
  }
  await eventually(() => expect(load.answered).toBeGreaterThan(1000), 20_000);
  await load.stop();
  expect(load.failed).toEqual([]);
  expect(ran.repeated).toEqual([]);
  expect(ran.total).toBe(load.sent);
}, 60_000);

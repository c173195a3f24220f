import { heldByClient, heldByServer, whenSentAgain } from '../../chaos/kit/internals.js';
import { eventually } from '../../tools/wait.js';
import { Gate } from '../support/gate.js';
import { deadUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

it('what a server and a client hold is where the processes of the suite look', async () => {
  const service = new TestService();
  const gate = new Gate();
  const work = () => gate.opened.then(() => 'done');
  const server = await service.serve({ messages: { work } });
  const client = await service.connected();
  expect(heldByServer(server)).toEqual({ running: 0, held: 0 });
  expect(heldByClient(client)).toEqual({ calls: 0, events: 0, deadlines: 0 });
  const call = client.call('work');
  await eventually(() => expect(heldByServer(server)).toEqual({ running: 1, held: 1 }));
  expect(heldByClient(client)).toEqual({ calls: 1, events: 0, deadlines: 1 });
  gate.open();
  expect(await call).toBe('done');
  await eventually(() => expect(heldByServer(server)).toEqual({ running: 0, held: 0 }));
  expect(heldByClient(client)).toEqual({ calls: 0, events: 0, deadlines: 0 });
});

it('an event that is on its way counts', async () => {
  const client = new TestService({ url: deadUrl }).client({ timeout: 60_000 });
  const told = client.tell('happened').catch((error: unknown) => error);
  await eventually(() =>
    expect(heldByClient(client)).toEqual({ calls: 0, events: 1, deadlines: 1 }),
  );
  await client.close();
  expect(await told).toMatchObject({ code: 'CLOSED' });
});

it('a call that is sent again is noticed', async () => {
  const service = new TestService();
  const client = await service.connected({ whenNoConsumer: 'wait' });
  let again = 0;
  whenSentAgain(client, () => again++);
  const call = client.call('late');
  await eventually(async () => expect(await service.length('late')).toBe(1));
  // An operator deletes its entry: the client looks for it when a service is there, and sends it again.
  await service.redis.xtrim(service.stream('late'), 'MAXLEN', 0);
  await service.serve({ messages: { late: () => 'served' } });
  expect(await call).toBe('served');
  expect(again).toBe(1);
}, 30_000);

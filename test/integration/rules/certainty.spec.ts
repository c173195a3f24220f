import { TestBrokers } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

/** A call that is stored and that nobody has yet, perhaps in a stream with a group, and what cancels it. */
async function waiting(group = false) {
  const service = new TestService();
  if (group) await ensureGroup(service);
  const client = await service.connected({ whenNoConsumer: 'wait' });
  const abort = new AbortController();
  const call = client.failure('work', {}, { signal: abort.signal });
  await eventually(async () => expect(await service.length('work')).toBe(1));
  const cancelled = () => {
    abort.abort();
    return call;
  };
  return { service, client, cancelled };
}

async function ensureGroup(service: TestService): Promise<void> {
  const brokers = await TestBrokers.in(service);
  await brokers.group().ensureGroup('work', 'r', false);
  // A client sends a call again only if it knows how its service starts it.
  const announced = [{ pattern: 'work', once: false }];
  await brokers.leases().announce(await brokers.owner(), announced, 60_000, false);
}

const hand = ({ redis, keys }: TestService) =>
  redis.xreadgroup('GROUP', 'service', 'somebody', 'STREAMS', keys.stream('work'), '>');

describe('L7: certainly not run', () => {
  it('is said of what no consumer was given', async () => {
    const { service, cancelled } = await waiting();
    expect(await cancelled()).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
    expect(await service.length('work')).toBe(0);
  });

  it('is not said of what was handed out, even if it is pending nowhere', async () => {
    const { service, cancelled } = await waiting();
    await service.redis.xgroup('CREATE', service.keys.stream('work'), 'service', '0');
    await hand(service);
    await service.redis.xgroup('DELCONSUMER', service.keys.stream('work'), 'service', 'somebody');
    expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  });

  it.each([
    ['is not said when its group is missing', false],
    ['is not said when its group was made anew', true],
  ])('%s', async (_, anew) => {
    const { service, cancelled } = await waiting(true);
    await hand(service);
    await service.redis.xgroup('DESTROY', service.keys.stream('work'), 'service');
    if (anew) await ensureGroup(service);
    expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  });

  it('is not said of a call that was stored again, though no consumer was given its second entry', async () => {
    const { service, cancelled } = await waiting(true);
    await hand(service);
    const key = service.keys.stream('work');
    const [entry] = await service.redis.xrange(key, '-', '+');
    const id = entry![0];
    await service.redis.xack(key, 'service', id);
    await service.redis.xdel(key, id);
    // The client asks about it, and sends it again: it was certainly never settled.
    await eventually(async () => expect(await service.length('work')).toBe(1));
    expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  });
});

it('what was given up while its owner was dead is not run by the instance that takes it over', async () => {
  const { service, cancelled } = await waiting();
  await service.redis.xgroup('CREATE', service.keys.stream('work'), 'service', '0');
  await hand(service);
  expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  await eventually(async () =>
    expect(await service.redis.llen(service.keys.inbox('somebody'))).toBe(1),
  );
  const ran: unknown[] = [];
  await service.serve({ messages: { work: (data) => ran.push(data) } }, { leaseTtl: 1000 });
  await eventually(async () => expect(await service.length('work')).toBe(0), 15_000);
  expect(ran).toEqual([]);
  expect(await service.consumers('work')).not.toContain('somebody');
});

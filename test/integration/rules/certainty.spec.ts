import { Bench } from '../../support/brokers.js';
import { Arena, eventually } from '../../support/arena.js';

/** A call that is stored and that nobody has yet, perhaps in a stream with a group, and what cancels it. */
async function waiting(group = false) {
  const arena = new Arena();
  if (group) await ensureGroup(arena);
  const client = await arena.connected({ whenNoConsumer: 'wait' });
  const abort = new AbortController();
  const call = client.failure('work', {}, { signal: abort.signal });
  await eventually(async () => expect(await arena.length('work')).toBe(1));
  const cancelled = () => {
    abort.abort();
    return call;
  };
  return { arena, client, cancelled };
}

async function ensureGroup({ prefix, keys }: Arena): Promise<void> {
  const bench = await Bench.open();
  Object.assign(bench, { prefix, keys });
  await bench.group().ensureGroup('work', 'r', false);
  // A client sends a call again only if it knows how its service starts it.
  const announced = [{ pattern: 'work', once: false }];
  await bench.leases().announce(await bench.owner(), announced, 60_000, false);
}

const hand = ({ redis, keys }: Arena) =>
  redis.xreadgroup('GROUP', 'service', 'somebody', 'STREAMS', keys.stream('work'), '>');

describe('L7: certainly not run', () => {
  it('is said of what nobody was given', async () => {
    const { arena, cancelled } = await waiting();
    expect(await cancelled()).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
    expect(await arena.length('work')).toBe(0);
  });

  it('is not said of what was handed out, even if it is pending nowhere', async () => {
    const { arena, cancelled } = await waiting();
    await arena.redis.xgroup('CREATE', arena.keys.stream('work'), 'service', '0');
    await hand(arena);
    await arena.redis.xgroup('DELCONSUMER', arena.keys.stream('work'), 'service', 'somebody');
    expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  });

  it.each([
    ['is not said when its group is missing', false],
    ['is not said when its group was made anew', true],
  ])('%s', async (_, anew) => {
    const { arena, cancelled } = await waiting(true);
    await hand(arena);
    await arena.redis.xgroup('DESTROY', arena.keys.stream('work'), 'service');
    if (anew) await ensureGroup(arena);
    expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  });

  it('is not said of a call that was stored again, though its second entry was given to nobody', async () => {
    const { arena, cancelled } = await waiting(true);
    await hand(arena);
    const key = arena.keys.stream('work');
    const [entry] = await arena.redis.xrange(key, '-', '+');
    const id = entry![0];
    await arena.redis.xack(key, 'service', id);
    await arena.redis.xdel(key, id);
    // The client asks about it, and sends it again: it was certainly never settled.
    await eventually(async () => expect(await arena.length('work')).toBe(1));
    expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  });
});

it('what was given up while its owner was dead is not run by whoever takes it over', async () => {
  const { arena, cancelled } = await waiting();
  await arena.redis.xgroup('CREATE', arena.keys.stream('work'), 'service', '0');
  await hand(arena);
  expect(await cancelled()).toMatchObject({ outcome: 'may-have-run' });
  await eventually(async () =>
    expect(await arena.redis.llen(arena.keys.inbox('somebody'))).toBe(1),
  );
  const ran: unknown[] = [];
  await arena.serve({ messages: { work: (data) => ran.push(data) } }, { leaseTtl: 1000 });
  await eventually(async () => expect(await arena.length('work')).toBe(0), 15_000);
  expect(ran).toEqual([]);
  expect(await arena.consumers('work')).not.toContain('somebody');
});

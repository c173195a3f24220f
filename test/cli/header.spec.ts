import type { HeaderTrace } from 'nestjs-redis-streams/operate';
import { DeadLetter, RetryLater } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { command } from '../contracts/command.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

const NAME = 'x-correlation-id';

/** One request that has come to several services: calls that hang and failed, an event that waits, others beside it. */
async function followed(id: string) {
  const service = new TestService();
  const held = new Gate();
  onTestFinished(() => held.open());
  const hang = [() => held.opened, { concurrency: 1 }] as const;
  const give = () => {
    throw new DeadLetter('cannot be');
  };
  const later = () => {
    throw new RetryLater(600_000);
  };
  await service.serve({ messages: { price: hang } }, { group: 'orders', drainTimeout: 0 });
  await service.serve(
    { messages: { pay: give }, events: { paid: later, bad: give } },
    { group: 'bank' },
  );
  const client = await service.connected();
  const headers = { [NAME]: id };
  // Some of these wait in packs.
  const others = range(70).map((n) =>
    client.call('price', n, { headers: { [NAME]: `other ${n}` } }),
  );
  const own = client.call('price', 'own', { headers });
  for (const call of [...others, own]) call.catch(() => undefined);
  await client.failure('pay', 1, { headers });
  for (const pattern of ['paid', 'bad']) await client.tell(pattern, 1, { headers });
  await eventually(async () => {
    expect(await service.deadLetters('bank')).toHaveLength(2);
    expect(await service.redis.hlen(service.keys.due('paid'))).toBe(1);
  });
  const explain = (...args: string[]) => command('explain', ...args, '--prefix', service.prefix);
  return { service, explain };
}

describe('explain --header', () => {
  it.each(['a1', 'a"1\\', 'ä=1'])(
    'finds all calls and events with %j across services',
    async (id) => {
      const { explain } = await followed(id);
      await eventually(async () => {
        const { code, out } = await explain('--header', `${NAME}=${id}`, '--json');
        expect(code).toBe(0);
        const { calls, events, deadLetters } = JSON.parse(out) as HeaderTrace;
        const patterns = calls.flatMap(({ entries }) => entries.map(({ pattern }) => pattern));
        expect(patterns).toEqual(['price']);
        expect(calls.flatMap((call) => call.deadLetters.map(({ group }) => group))).toEqual([
          'bank',
        ]);
        expect(events).toMatchObject([
          { pattern: 'paid', groups: [{ group: 'bank', state: 'retry' }] },
        ]);
        expect(deadLetters).toMatchObject([{ group: 'bank', error: 'cannot be' }]);
      });
      const { out } = await explain('--header', `${NAME}=${id}`);
      expect(out).toMatch(/^call [\w-]{22}\/\d+$/m);
      expect(out).toMatch(/^events\n\S+ \S+ {2}stored: paid, entry /m);
    },
  );

  it('says so where there is nothing, and what must be named', async () => {
    const { explain } = await followed('a1');
    const none = await explain('--header', `${NAME}=a2`);
    expect(none).toMatchObject({ code: 1, out: `nothing has the header ${NAME}=a2 any more\n` });
    for (const args of [[], ['--header', 'nothing'], ['a/1', '--header', 'a=b']]) {
      expect(await explain(...args)).toMatchObject({ code: 2 });
    }
  });
});

import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { Promoted, StartBroker } from '../../../redis/start-broker.js';
import { ScheduledEntries } from './scheduled-entries.js';
import type { StreamState } from './stream-state.js';

const NOW = 1_000_000;

/** Looks at some streams; each look is answered when the test says so. */
function looking(...names: string[]) {
  const context = shardContext();
  context.redisClock.observe(NOW, context.clock.now());
  const looks: { readonly names: readonly string[]; answer(...next: Partial<Promoted>[]): void }[] =
    [];
  const promote: StartBroker['promote'] = (asked) =>
    new Promise((resolve) => {
      const answer = (...told: Partial<Promoted>[]): void =>
        resolve({
          now: context.redisClock.now(),
          streams: asked.map((_, i) => ({ added: 0, next: undefined, failed: '', ...told[i] })),
        });
      looks.push({ names: asked, answer });
    });
  const streams = names.map((name) => ({ name, isBroken: false }) as StreamState);
  const entries = new ScheduledEntries(context, { promote } as StartBroker, () => streams);
  entries.start();
  const pass = async (ms: number): Promise<void> => {
    context.clock.pass(ms);
    await new Promise(setImmediate);
  };
  return { context, entries, looks, pass };
}

it('looks for what was told while a look was on its way, although that answers of something later', async () => {
  const { entries, looks, pass } = looking('orders');
  await pass(10);
  expect(looks).toHaveLength(1);
  expect(entries.told(`due ${NOW + 60} orders`)).toBe(true);
  looks[0]?.answer({ next: NOW + 20_000 });
  await pass(10);
  expect(looks).toHaveLength(1);
  await pass(60);
  expect(looks).toHaveLength(2);
});

it('the same where the answer knows of none', async () => {
  const { entries, looks, pass } = looking('orders');
  await pass(10);
  entries.told(`due ${NOW + 60} orders`);
  looks[0]?.answer({});
  await pass(1);
  await pass(100);
  expect(looks).toHaveLength(2);
});

it('does not look again at what cannot be added, before all are looked at', async () => {
  const { entries, looks, pass } = looking('orders');
  await pass(10);
  entries.told(`due ${NOW + 60} orders`);
  looks[0]?.answer({ next: NOW + 60 });
  await pass(1);
  await pass(100);
  looks[1]?.answer({ next: NOW + 60, failed: 'OOM' });
  await pass(1);
  await pass(1000);
  expect(looks).toHaveLength(2);
});

it('begins each look at another stream', async () => {
  const { entries, looks, pass } = looking('a', 'b', 'c');
  const firsts: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++) {
    entries.lookAtAll();
    await pass(10);
    firsts.push(looks[i]?.names[0]);
    looks[i]?.answer();
    await new Promise(setImmediate);
  }
  expect(firsts).toEqual(['a', 'b', 'c']);
});

it('hears what is said of streams that it does not read, and nothing else', () => {
  const { entries } = looking('orders');
  expect(entries.told('due 1 others')).toBe(true);
  expect(entries.told('due')).toBe(false);
  expect(entries.told('joined')).toBe(false);
});

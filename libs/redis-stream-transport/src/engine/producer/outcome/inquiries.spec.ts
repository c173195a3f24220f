import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { CallerBroker } from '../../../redis/caller-broker.js';
import { IdTable } from '../../id-table.js';
import type { Call } from '../call.js';
import type { CallerShard } from '../caller-shard.js';
import type { ReplyReader } from '../replies/reply-reader.js';
import { Inquiries } from './inquiries.js';
import { LostEntryProbe } from './lost-entry-probe.js';

/** A call that waits, and when Redis was asked about it (ms after it began). */
function waiting() {
  const clock = new FakeClock();
  const began = clock.now();
  const asked: number[] = [];
  const broker = {
    reAsk: async () => {
      asked.push(clock.now() - began);
      return { incarnation: { id: 'a', born: 1, now: 0 }, lastFrame: '1-1', entries: ['exists'] };
    },
  };
  const probe = new LostEntryProbe(broker as unknown as CallerBroker, {} as ReplyReader, clock, {
    sendAgain: () => undefined,
    lost: () => undefined,
  });
  const shard = { probe } as CallerShard;
  const calls = new IdTable<Call>();
  calls.set({ id: '1', hash: 1, state: 'stored', entry: '1-1', startedAt: began } as Call);
  const inquiries = new Inquiries(
    clock,
    calls,
    () => [shard],
    () => shard,
  );
  inquiries.later();
  const pass = async (ms: number): Promise<void> => {
    clock.pass(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { asked, pass, doubt: () => inquiries.doubt(shard), stop: () => inquiries.stop() };
}

describe('L16: a reply that could not be read', () => {
  it('has its call asked about at once', async () => {
    const { asked, pass, doubt } = waiting();
    await pass(10);
    doubt();
    expect(asked).toEqual([10]);
  });

  it('has its call asked about again after a second, not at the regular look after that', async () => {
    const { asked, pass, doubt } = waiting();
    await pass(10);
    doubt();
    await pass(10);
    doubt();
    doubt();
    await pass(985);
    expect(asked).toEqual([10]);
    await pass(5);
    expect(asked).toEqual([10, 1010]);
  });

  it('asks nothing any more after its client has closed', async () => {
    const { asked, pass, doubt, stop } = waiting();
    await pass(10);
    doubt();
    await pass(10);
    doubt();
    stop();
    await pass(5000);
    expect(asked).toEqual([10]);
  });
});

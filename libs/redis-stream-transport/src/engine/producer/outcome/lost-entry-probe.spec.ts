import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { CallerBroker, EntryFate } from '../../../redis/caller-broker.js';
import type { Call } from '../call.js';
import { LostEntryProbe } from './lost-entry-probe.js';
import type { ReplyReader } from '../replies/reply-reader.js';

/** A call whose entry is gone in a memory that Redis has lost, and what becomes of it. */
function forgotten(request: { once: boolean } = { once: false }) {
  const clock = new FakeClock();
  const state = { fate: 'unknown' as EntryFate, asked: 0, sent: 0, lost: 0 };
  const broker = {
    reAsk: async () => {
      state.asked++;
      return {
        incarnation: { id: 'b', born: 2, now: 0 },
        lastFrame: undefined,
        entries: [state.fate],
      };
    },
  };
  const replies = {
    isComplete: () => false,
    isLagging: () => false,
    mayHaveMissed: () => false,
    catchUp: async () => {},
  };
  const probe = new LostEntryProbe(
    broker as unknown as CallerBroker,
    replies as unknown as ReplyReader,
    clock,
    { sendAgain: () => state.sent++, lost: () => state.lost++ },
  );
  const call = {
    state: 'stored',
    entry: '1-1',
    stream: 'work',
    pattern: 'work',
    startedAt: clock.now(),
    leftAt: clock.now(),
    incarnation: { id: 'a', born: 1, now: 0 },
    next: 0,
    run: undefined,
    request,
  } as unknown as Call;
  const after = async (ms: number): Promise<typeof state> => {
    clock.pass(ms);
    await probe.ask([call]);
    return state;
  };
  return { state, after };
}

describe('L16, L18: a call whose entry Redis has lost', () => {
  it('is asked about again soon while no instance announces how it may be started', async () => {
    const { state, after } = forgotten();
    expect(await after(1999)).toMatchObject({ asked: 0 });
    expect(await after(1)).toMatchObject({ asked: 1, sent: 0, lost: 0 });
    expect(await after(999)).toMatchObject({ asked: 1 });
    state.fate = 'gone';
    expect(await after(1)).toMatchObject({ asked: 2, sent: 1, lost: 0 });
  });

  it('is not sent again when it may be started once only', async () => {
    const { state, after } = forgotten();
    await after(2000);
    state.fate = 'once';
    expect(await after(1000)).toMatchObject({ sent: 0, lost: 1 });
  });

  it('is not sent again when its caller has asked for that', async () => {
    const { after } = forgotten({ once: true });
    expect(await after(2000)).toMatchObject({ sent: 0, lost: 1 });
  });
});

import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { CallerBroker, ProbeAnswer } from '../../../redis/caller-broker.js';
import type { Call } from '../call.js';
import { LostEntryProbe } from './lost-entry-probe.js';
import type { ReplyReader } from '../replies/reply-reader.js';

const memory = { id: 'one', born: 1, now: 1 };

/** A call that has waited for long, and what is known of the reply log. */
async function ask(
  seen: Partial<ProbeAnswer>,
  log: { complete?: boolean; lagging?: boolean; ignored?: boolean } = {},
  about: Partial<Call> = {},
) {
  const clock = new FakeClock();
  let caughtUp = 0;
  const broker = {
    reAsk: () =>
      Promise.resolve({ incarnation: memory, lastFrame: '5-0', entries: ['gone'], ...seen }),
  };
  const replies = {
    isComplete: () => log.complete ?? false,
    isLagging: () => log.lagging ?? false,
    mayHaveMissed: () => log.ignored ?? false,
    catchUp: () => Promise.resolve(void caughtUp++),
  };
  const again: Call[] = [];
  const lost: string[] = [];
  const asker = new LostEntryProbe(
    broker as unknown as CallerBroker,
    replies as unknown as ReplyReader,
    clock,
    {
      sendAgain: (call) => again.push(call),
      lost: (_, { code, outcome }) => lost.push(`${code} ${outcome}`),
    },
  );
  const call = {
    ...{
      state: 'stored',
      entry: '1-0',
      pattern: 'p',
      stream: 's',
      startedAt: clock.now(),
      leftAt: clock.now(),
    },
    ...{ next: 0, run: undefined, request: { once: false }, incarnation: memory },
    ...about,
  } as unknown as Call;
  clock.pass(2000);
  await asker.ask([call]);
  return { again: again.length, lost, caughtUp };
}

const LOST = ['REPLY_LOST may-have-run'];

describe('L16: a call that waited long is', () => {
  it('left alone while its entry is there', async () => {
    const outcome = await ask({ entries: ['exists'] }, { complete: true });
    expect(outcome).toEqual({ again: 0, lost: [], caughtUp: 0 });
  });

  it('sent again when its entry is gone and the complete log holds no reply', async () => {
    expect(await ask({}, { complete: true })).toEqual({ again: 1, lost: [], caughtUp: 0 });
  });

  it('asked about later when the log holds frames that were not read', async () => {
    expect(await ask({}, { lagging: true })).toEqual({ again: 0, lost: [], caughtUp: 1 });
  });

  it('given up when the log may have lost its reply', async () => {
    expect(await ask({})).toEqual({ again: 0, lost: LOST, caughtUp: 1 });
  });

  it('given up when a frame was ignored that may have been its reply', async () => {
    const log = { complete: true, ignored: true };
    expect(await ask({}, log)).toEqual({ again: 0, lost: LOST, caughtUp: 0 });
    const incarnation = { ...memory, id: 'two', born: 2 };
    expect(await ask({ incarnation }, log)).toMatchObject({ lost: LOST });
  });

  it('given up when nothing more can be written into the log', async () => {
    const full = { lastFrame: '18446744073709551615-18446744073709551615' };
    expect(await ask(full, { complete: true })).toMatchObject({ again: 0, lost: LOST });
  });

  it('sent again when Redis lost the memory in which it was stored', async () => {
    const incarnation = { ...memory, id: 'two', born: 2 };
    expect(await ask({ incarnation })).toEqual({ again: 1, lost: [], caughtUp: 1 });
    // A group that was made anew changes the name of the memory, and loses nothing.
    expect(await ask({ incarnation: { ...memory, id: 'two' } })).toMatchObject({ lost: LOST });
  });

  it('never sent again when it may be started once only', async () => {
    const request = { once: true } as Call['request'];
    expect(await ask({}, { complete: true }, { request })).toMatchObject({ again: 0, lost: LOST });
    const announced = await ask({ entries: ['once'] }, { complete: true });
    expect(announced).toMatchObject({ again: 0, lost: LOST });
  });

  it('never sent again when a part of its reply has arrived', async () => {
    const outcome = await ask({}, { complete: true }, { next: 1 });
    expect(outcome).toMatchObject({ again: 0, lost: LOST });
  });
});

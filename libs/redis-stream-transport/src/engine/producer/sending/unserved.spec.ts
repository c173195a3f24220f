import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { Call } from '../call.js';
import { Unserved } from './unserved.js';

function setup(graceUntil = 0) {
  const clock = new FakeClock();
  const sent: Call[] = [];
  const unserved = new Unserved(clock, {
    send: (call) => sent.push(call),
    shardFor: () => ({ answeredWildcards: async () => [], answerers: async () => [] }),
    refused: () => undefined,
  });
  // No wildcard stands for a pattern that is in a lane.
  const request = { stream: 'lane' };
  const call = {
    state: 'sent',
    copies: 1,
    graceUntil,
    expiresAt: 5000,
    request,
  } as unknown as Call;
  return { clock, sent, unserved, call };
}

describe('calls of a pattern that no instance serves', () => {
  it('are asked for again within their grace', () => {
    const { clock, sent, unserved, call } = setup(2000);
    expect(unserved.waits(call, 'NEVER')).toBe(true);
    clock.pass(100);
    expect(sent).toEqual([call]);
    clock.pass(1000);
    expect(unserved.waits(call, 'NEVER')).toBe(false);
  });

  it('stay here when their time is over, so that it is certain that they do not run', () => {
    const { clock, sent, unserved, call } = setup(60_000);
    call.expiresAt = clock.now() + 100;
    expect(unserved.waits(call, 'NEVER')).toBe(true);
    clock.pass(1000);
    expect(sent).toEqual([]);
  });

  it('are refused at once without one, and when the stream is full', () => {
    const { unserved, call } = setup();
    expect(unserved.waits(call, 'NONE')).toBe(false);
    expect(unserved.waits(call, 'NEVER')).toBe(false);
    unserved.forgotten();
    expect(unserved.waits(call, 'FULL')).toBe(false);
  });

  it('L21: are not refused for 15 s after Redis lost its memory: no instance has announced yet', () => {
    const { clock, unserved, call } = setup();
    unserved.forgotten();
    clock.pass(14_000);
    expect(unserved.waits(call, 'NONE')).toBe(true);
    expect(unserved.waits(call, 'NEVER')).toBe(true);
    clock.pass(1001);
    expect(unserved.waits(call, 'NONE')).toBe(false);
  });
});

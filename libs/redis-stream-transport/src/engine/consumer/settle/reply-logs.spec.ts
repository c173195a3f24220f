import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { ReplyLogs } from './reply-logs.js';

function logs() {
  const clock = new FakeClock();
  const known = new ReplyLogs(clock);
  return {
    clock,
    append: (caller: string, { length = 100, ttlMs = 60_000, generation = 0 } = {}) =>
      known.appends(caller, length, ttlMs, generation),
  };
}

describe('the life of a reply log', () => {
  it('is extended with the first frame, and again when it would end too soon', () => {
    const { clock, append } = logs();
    expect(append('a')).toMatchObject({ livesOn: false, ttlMs: 65_000 });
    clock.pass(5000);
    expect(append('a')).toMatchObject({ livesOn: true });
    clock.pass(1);
    expect(append('a')).toMatchObject({ livesOn: false });
    expect(append('a', { ttlMs: 60_001 })).toMatchObject({ livesOn: true });
    expect(append('a', { ttlMs: 90_000 })).toMatchObject({ livesOn: false });
    expect(append('b')).toMatchObject({ livesOn: false });
  });

  it('is extended anew after a doubt: Redis may have lost the log', () => {
    const { append } = logs();
    append('a');
    expect(append('a', { generation: 1 })).toMatchObject({ livesOn: false, unmeasured: false });
  });
});

describe('the size of a reply log', () => {
  it('is looked at with the first frame and every sixteenth', () => {
    const { append } = logs();
    const measured = Array.from({ length: 33 }, () => !append('a').unmeasured);
    expect(measured.flatMap((is, i) => (is ? [i] : []))).toEqual([0, 16, 32]);
  });

  it('is looked at after 256 Ki characters', () => {
    const { append } = logs();
    append('a');
    expect(append('a', { length: 262_143 })).toMatchObject({ unmeasured: true });
    expect(append('a', { length: 1 })).toMatchObject({ unmeasured: false });
    expect(append('a', { length: 300_000 })).toMatchObject({ unmeasured: false });
  });

  it('is forgotten when more callers are known than memory should hold', () => {
    const { append } = logs();
    append('a');
    for (let i = 0; i < 10_001; i++) append(String(i));
    expect(append('a')).toMatchObject({ unmeasured: false });
  });
});

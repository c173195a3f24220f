import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { SentPatterns } from './sent-patterns.js';

function setup() {
  const clock = new FakeClock();
  const notes: unknown[] = [];
  const sent = new SentPatterns({ application: 'shop', process: 'web-1' }, clock, async (text) => {
    notes.push(JSON.parse(text));
  });
  return { clock, notes, sent };
}

describe('what a client sends', () => {
  it('is noted soon when it is new, and else every half minute, while something is sent', () => {
    const { clock, notes, sent } = setup();
    sent.stored('a', 2);
    sent.stored('b', 1);
    clock.pass(999);
    expect(notes).toEqual([]);
    clock.pass(1);
    const who = { application: 'shop', process: 'web-1' };
    expect(notes).toEqual([
      {
        ...who,
        for: 1000,
        patterns: [
          ['a', 2],
          ['b', 1],
        ],
      },
    ]);
    clock.pass(10_000);
    sent.stored('a', 1);
    clock.pass(19_999);
    expect(notes).toHaveLength(1);
    clock.pass(1);
    expect(notes).toHaveLength(2);
    clock.pass(1_000_000);
    expect(notes).toHaveLength(2);
    sent.stored('c', 1);
    clock.pass(0);
    expect(notes[2]).toMatchObject({
      patterns: [
        ['a', 3],
        ['b', 1],
        ['c', 1],
      ],
    });
  });

  it('is noted of 200 patterns, and in 16 KiB', () => {
    const named = (name: (n: number) => string): readonly [patterns: number, length: number] => {
      const { clock, notes, sent } = setup();
      for (let n = 0; n < 300; n++) sent.stored(name(n), 1);
      clock.pass(1000);
      const [note] = notes as [{ patterns: unknown[] }];
      return [note.patterns.length, JSON.stringify(note).length];
    };
    expect(named(String)[0]).toBe(200);
    const [patterns, length] = named((n) => `${n} ${'x'.repeat(200)}`);
    expect(patterns).toBeGreaterThan(50);
    expect(length).toBeLessThanOrEqual(16_384);
  });

  it('is noted no more after the end', () => {
    const { clock, notes, sent } = setup();
    sent.stored('a', 1);
    sent.stop();
    clock.pass(60_000);
    expect(notes).toEqual([]);
  });
});

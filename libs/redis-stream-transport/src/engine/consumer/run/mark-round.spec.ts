import type { Delivery } from './delivery.js';
import { MarkRound } from './mark-round.js';
import { Pack } from './pack.js';

/** What two rounds ask of the only call of a pack: the answer to the first one was lost. */
function asked(state: string | undefined, once: boolean): string[] {
  const pack = new Pack<Delivery>('1-0', 1, state);
  const call = { pack, place: 0, once, history: { attempts: 0 } } as Delivery;
  return [1, 2].map(() => new MarkRound([call]).packs[0]!.wanted.join(''));
}

describe('a round of marks', () => {
  it('P13: takes a mark that a repeat finds for its own where none was there before', () => {
    expect(asked(undefined, true)).toEqual(['t', 'T']);
    expect(asked('.', true)).toEqual(['t', 'T']);
  });

  it('P13: never takes the mark of an earlier owner for its own', () => {
    expect(asked('t', true)).toEqual(['t', 't']);
  });

  it('runs what may be started again whoever has marked it', () => {
    expect(asked('t', false)).toEqual(['T', 'T']);
  });
});

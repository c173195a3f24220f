import { flatness } from '../../bench/report/flat.js';

const looks = (...quarters: readonly number[]): number[] =>
  quarters.flatMap((megabytes) => [1, 0, -1, 40, 0].map((noise) => megabytes + noise));

describe('memory', () => {
  it('is flat if it stays where it was after the first quarter, whatever single looks say', () => {
    expect(flatness(looks(60, 100, 101, 102))).toEqual({ before: 100, after: 102, isFlat: true });
    expect(flatness(looks(60, 100, 90, 80)).isFlat).toBe(true);
  });

  it('may grow by 10 MB or a tenth, and no more', () => {
    expect(flatness(looks(20, 20, 25, 30)).isFlat).toBe(true);
    expect(flatness(looks(20, 20, 25, 31)).isFlat).toBe(false);
    expect(flatness(looks(1000, 1000, 1050, 1100)).isFlat).toBe(true);
    expect(flatness(looks(1000, 1000, 1050, 1101)).isFlat).toBe(false);
  });

  it('that is not known is not flat', () => {
    expect(flatness(looks(Number.NaN, Number.NaN, Number.NaN, Number.NaN)).isFlat).toBe(false);
  });
});

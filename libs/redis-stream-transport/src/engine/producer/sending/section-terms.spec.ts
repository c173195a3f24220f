import type { SectionVerdict } from '../../../redis/verdict.js';
import { SectionTerms } from './section-terms.js';

const section = (changes: { mode?: 0 | 1 | 2; measures?: boolean } = {}) => ({
  ...{ stream: 's', pattern: 'p', mode: 2 as const, hasExtraFields: false, entries: [] },
  ...changes,
});
const stored: SectionVerdict = { first: '1-0', count: 1, refusal: undefined };

describe('whether a pattern was ever served', () => {
  it('is not asked for a minute after Redis has said so', () => {
    const terms = new SectionTerms(1_000_000);
    expect(terms.mode('p', 2, 0)).toBe(2);
    terms.noted(section(), stored, 0);
    expect([terms.mode('p', 2, 59_999), terms.mode('q', 2, 0)]).toEqual([0, 2]);
    expect(terms.mode('p', 2, 60_000)).toBe(2);
  });

  it('is asked each time where a live instance is demanded, and after a refusal', () => {
    const terms = new SectionTerms(1_000_000);
    terms.noted(section(), stored, 0);
    expect(terms.mode('p', 1, 0)).toBe(1);
    const refused = new SectionTerms(1_000_000);
    refused.noted(section(), { first: '-', count: 0, refusal: 'NEVER' }, 0);
    expect(refused.mode('p', 2, 0)).toBe(2);
  });

  it('is not known of a pattern that was stored without the question', () => {
    const terms = new SectionTerms(1_000_000);
    terms.noted(section({ mode: 0 }), stored, 0);
    expect(terms.mode('p', 2, 0)).toBe(2);
  });
});

describe('whether an instance serves a pattern now', () => {
  it('counts for two seconds where that is enough, and is asked again after a refusal', () => {
    const terms = new SectionTerms(1_000_000);
    expect(terms.mode('p', 3, 0)).toBe(1);
    terms.noted(section({ mode: 1 }), stored, 0);
    expect([terms.mode('p', 3, 1999), terms.mode('p', 1, 1999)]).toEqual([0, 1]);
    expect(terms.mode('p', 3, 2000)).toBe(1);
    terms.noted(section({ mode: 1 }), { first: '-', count: 0, refusal: 'NONE' }, 100);
    expect(terms.mode('p', 3, 200)).toBe(1);
  });
});

describe('the length of a stream', () => {
  it('is not looked at for two seconds after it was below a tenth of its bound', () => {
    const terms = new SectionTerms(1_000_000);
    expect(terms.measures('s', 0)).toBe(true);
    terms.noted(section(), stored, 0);
    expect([terms.measures('s', 1999), terms.measures('t', 0)]).toEqual([false, true]);
    expect(terms.measures('s', 2000)).toBe(true);
    // What was not looked at says nothing.
    terms.noted(section({ measures: false }), stored, 2050);
    expect(terms.measures('s', 2050)).toBe(true);
  });

  it.each([
    { ...stored, isFilling: true as const },
    { first: '-', count: 0, refusal: 'FULL' as const },
  ])('is looked at each time above that: %j', (verdict) => {
    const terms = new SectionTerms(1_000_000);
    terms.noted(section(), stored, 0);
    terms.noted(section(), verdict, 10);
    expect(terms.measures('s', 11)).toBe(true);
  });

  it('is looked at each time where the rest of the bound is filled quickly', () => {
    const terms = new SectionTerms(999_999);
    terms.noted(section(), stored, 0);
    expect(terms.measures('s', 1)).toBe(true);
  });
});

it('is forgotten with the memory of Redis', () => {
  const terms = new SectionTerms(1_000_000);
  terms.noted(section(), stored, 0);
  terms.forget();
  expect([terms.mode('p', 2, 1), terms.measures('s', 1)]).toEqual([2, true]);
});

it('is bounded', () => {
  const terms = new SectionTerms(1_000_000);
  for (let i = 0; i <= 10_000; i++) terms.noted({ ...section(), pattern: `p${i}` }, stored, 0);
  expect([terms.mode('p0', 2, 1), terms.mode('p10000', 2, 1)]).toEqual([2, 0]);
});

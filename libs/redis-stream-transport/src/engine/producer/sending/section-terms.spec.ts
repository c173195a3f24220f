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

describe('the length of a stream', () => {
  it('is not looked at for a quarter of a second after it was below half of its bound', () => {
    const terms = new SectionTerms(1_000_000);
    expect(terms.measures('s', 0)).toBe(true);
    terms.noted(section(), stored, 0);
    expect([terms.measures('s', 249), terms.measures('t', 0)]).toEqual([false, true]);
    expect(terms.measures('s', 250)).toBe(true);
    // What was not looked at says nothing.
    terms.noted(section({ measures: false }), stored, 300);
    expect(terms.measures('s', 300)).toBe(true);
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

  it('is looked at each time where half of the bound is filled quickly', () => {
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
  for (let i = 0; i <= 1000; i++) terms.noted({ ...section(), pattern: `p${i}` }, stored, 0);
  expect([terms.mode('p0', 2, 1), terms.mode('p1000', 2, 1)]).toEqual([2, 0]);
});

import { parseVerdict, type EnqueueAnswer } from './verdict.js';

describe('the answer of enqueue', () => {
  it.each([
    [
      'ok 5 2 1-0:3 -:0!NEVER 2-7:1!FULL',
      {
        kind: 'applied',
        now: 5,
        version: 2,
        sections: [
          { first: '1-0', count: 3, refusal: undefined },
          { first: '-', count: 0, refusal: 'NEVER' },
          { first: '2-7', count: 1, refusal: 'FULL' },
        ],
      },
    ],
    ['done 5 0 ', { kind: 'applied', now: 5, version: 0, sections: [] }],
    ['ok 5 -', { kind: 'closed', now: 5 }],
    ['done 5 ?', { kind: 'forgotten', now: 5 }],
    ['stale 5', { kind: 'stale', now: 5 }],
    ['gap 5 3 7', { kind: 'gap', now: 5, epoch: 3, number: 7 }],
    ['old 5 3 7', { kind: 'old', now: 5, epoch: 3, number: 7 }],
    ['gap 5 -1 -1', { kind: 'gap', now: 5, epoch: -1, number: -1 }],
    ['inc 5 abc', { kind: 'incarnation', now: 5, id: 'abc' }],
  ])('%s', (line, answer) => {
    expect(parseVerdict(line)).toEqual(answer);
  });

  it('is the same of one entry as of the first of several', () => {
    const [alone, together] = ['ok 5 0 1-7:1', 'ok 5 0 1-7:1 1-8:1'].map((line) =>
      parseVerdict(line),
    );
    const { sections, ...rest } = together as EnqueueAnswer & { readonly kind: 'applied' };
    expect(alone).toStrictEqual({ ...rest, sections: sections.slice(0, 1) });
  });

  it('says who takes packs and over how many streams the pattern is spread, to one that asked', () => {
    const line = 'ok 5 0 1-0:1*4 1-0:1*0/8 1-0:1^*2/3 1-0:1*x/8 1-0:1*1/x';
    expect(parseVerdict(line)).toMatchObject({
      sections: [
        { takers: 4 },
        { takers: 0, spread: 8 },
        { takers: 2, spread: 3, isFilling: true },
        { takers: undefined, spread: undefined },
        { takers: undefined, spread: undefined },
      ].map((told) =>
        expect.objectContaining(
          Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)),
        ),
      ),
    });
  });

  it.each([
    'what 5',
    'done 5 x 1-0:1',
    'done 5 0 1-0:x',
    'done 5 0 x:1',
    'done 5 0 1-0:1!NO',
    'done 5 0 9',
    'done 5 0 -:0!E%zz',
    `done 5 0 -:0!E${'%20'.repeat(400)}`,
    5,
    null,
  ])('that cannot be read says that nobody knows: %j', (line) => {
    expect(parseVerdict(line)).toMatchObject({ kind: 'forgotten' });
  });

  it('has the text of a refusal behind its code, with no control characters in it', () => {
    expect(parseVerdict('ok 5 0 -:0!EWRONGTYPE%20no%0Astream')).toMatchObject({
      sections: [{ refusal: 'E', error: { reply: 'WRONGTYPE', message: 'WRONGTYPE no stream' } }],
    });
  });
});

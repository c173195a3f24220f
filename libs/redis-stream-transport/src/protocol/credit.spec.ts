import { creditText, isCredit, parseCredit, parseWindow, signEvery, windowText } from './credit.js';
import { parseHeader, requestHeader, type Header } from './header.js';

const CALLER = 'abcdefghijklmnopqrstuv';

describe('the flag of a window', () => {
  test('is read as it is written', () => {
    const window = { values: 64, characters: 1_048_576 };
    expect(parseWindow(windowText(window))).toEqual(window);
    const line = requestHeader({
      ...{ codec: 'json', call: '7', caller: CALLER, timeout: 0 },
      ...{ idle: 500, once: false, depth: 2, window },
    });
    expect(line).toBe(`1 json 7 ${CALLER} 0 idle=500 depth=2 window=64,1048576`);
    expect((parseHeader(line) as Header).window).toEqual(window);
  });

  test.each(['', '64', '0,5', '5,0', '-1,5', '1e3,5', '1,2,3', ' 1,2', 'x,y'])(
    '%j is none',
    (text) => {
      expect(parseWindow(text)).toBeUndefined();
    },
  );

  test('has bounds, whatever is asked for', () => {
    expect(parseWindow('9999999999,9999999999')).toEqual({
      values: 1_000_000,
      characters: 67_108_864,
    });
  });
});

describe('a notice of credit', () => {
  const notice = { caller: CALLER, runs: [{ nonce: 3, asked: 64, taken: 7 }] };

  test('is read as it is written', () => {
    const text = creditText(notice);
    expect(text).toBe(`{"credit":"${CALLER}","runs":[[3,64,7]]}`);
    expect(isCredit(text)).toBe(true);
    expect(parseCredit(text)).toEqual(notice);
  });

  test('is not taken for a cancellation, which is a list', () => {
    expect(Array.isArray(JSON.parse(creditText(notice)))).toBe(false);
    expect(isCredit('["stream","1-1"]')).toBe(false);
  });

  test('of which a part cannot be read counts for the rest', () => {
    const runs = [[1, 2], ['1', 2, 3], [1.5, 2, 3], [-1, 2, 3], 7, null, [3, 64, 7]];
    expect(parseCredit(JSON.stringify({ credit: CALLER, runs }))).toEqual(notice);
  });

  test.each(['', '{', '[]', '{"credit":7,"runs":[]}', '{"credit":"short","runs":[]}', 'null'])(
    '%j is none',
    (text) => expect(parseCredit(text)).toBeUndefined(),
  );

  test('that is longer than any is not read', () => {
    const runs = Array.from({ length: 10_000 }, () => [1, 2, 3]);
    expect(parseCredit(JSON.stringify({ credit: CALLER, runs }))).toBeUndefined();
  });
});

test('three signs of life within an idle time, one a second, and a hundred at most', () => {
  expect([0, 9000, 600, 1].map(signEvery)).toEqual([1000, 1000, 200, 10]);
});

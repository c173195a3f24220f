import fc from 'fast-check';
import { visible, visibleLines } from './visible.js';

describe('a text from outside', () => {
  it('is shown with what would not be seen', () => {
    expect(visible('\u001b[31mred\u001b[0m\r\nnext\u0007')).toBe(
      String.raw`\u001b[31mred\u001b[0m\u000d\u000anext\u0007`,
    );
    expect(visible('a\u009b2J \u202edrowssap \u2028 \ud800 \ufeff')).toBe(
      String.raw`a\u009b2J \u202edrowssap \u2028 \ud800 \ufeff`,
    );
    expect(visibleLines('a\n\tb\r\u001b')).toBe('a\n\tb' + String.raw`\u000d\u001b`);
  });

  it('is otherwise left as it is', () => {
    for (const text of ['', 'orders.placed', 'größer 漢字 😀 "\\u"'])
      expect(visible(text)).toBe(text);
  });

  it('never has a control character in it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
        expect(visible(visible(text))).toBe(visible(text));
      }),
    );
  });
});

import fc from 'fast-check';
import { eventHeader, parseHeader, requestHeader, type WireCodec } from './header.js';

const id = fc.stringMatching(/^[A-Za-z0-9_-]{16,32}$/);
const callId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const codec = fc.constantFrom<WireCodec>('json', 'text', 'obj', 'b64', 'b64:msgpack', 'text:a-1');
const time = fc.integer({ min: 0, max: 2_147_483_647 });

const garbage = fc
  .uint8Array({ maxLength: 600 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('the header line', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(codec, callId, id, time, time, fc.boolean(), fc.nat(16), (...parts) => {
        const [written, call, caller, timeout, idle, once, depth] = parts;
        const [kind, codecName] = written.split(':');
        const request = { codec: written, call, caller, timeout, idle, once, depth };
        expect(parseHeader(requestHeader(request))).toEqual({
          ...request,
          ...{ version: 1, codec: kind, codecName, message: false },
        });
      }),
    );
    expect(parseHeader(eventHeader('json', false))).toMatchObject({
      call: undefined,
      caller: undefined,
      once: false,
    });
    expect(parseHeader(eventHeader('json', true))).toMatchObject({ call: undefined, once: true });
  });

  it('takes flags that it does not know', () => {
    const header = parseHeader('1 json - - 0 someday=5 once later idle=nonsense');
    expect(header).toMatchObject({ once: true, idle: 0, message: false });
    expect(parseHeader('1 json - - 0 message')).toMatchObject({ message: true });
    for (const [text, depth] of Object.entries({ 3: 3, 99: 16, '-1': 0, 1.5: 0, x: 0, '': 0 })) {
      expect(parseHeader(`1 json - - 0 depth=${text}`)).toMatchObject({ depth });
    }
  });

  it.each(['zip', 'b64:', ':msgpack', 'b64:A', 'zip:a', `b64:${'a'.repeat(33)}`])(
    'refuses the codec %j',
    (name) => expect(parseHeader(`1 ${name} - - 0`)).toBe('unknown codec'),
  );

  it('is never thrown over, whatever stands in it', () => {
    fc.assert(
      fc.property(garbage, (line) => {
        const header = parseHeader(line);
        if (typeof header !== 'string' && header.caller !== undefined) {
          expect(header.caller).toMatch(/^[A-Za-z0-9_-]{16,32}$/);
        }
      }),
    );
  });

  it('of a newer version is read as far as its caller can be told', () => {
    const caller = 'a'.repeat(22);
    expect(parseHeader(`2 zip 7 ${caller} P1D`)).toMatchObject({
      version: 2,
      call: '7',
      timeout: 0,
    });
    for (const timeout of ['-5', '1e300', '0.5', '99999999999']) {
      expect(parseHeader(`2 json 7 ${caller} ${timeout}`)).toMatchObject({ timeout: 0 });
    }
    expect(parseHeader('2 zip 7 x P1D')).toBe('bad caller id');
  });
});

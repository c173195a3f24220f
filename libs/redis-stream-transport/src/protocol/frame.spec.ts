import fc from 'fast-check';
import { decodeFrame, encodeFrame, encodeReply, REPLY, type Frame } from './frame.js';

const reply = (call: string, payload: string) =>
  encodeReply({
    ...{ call, kind: REPLY.last, deliveries: 1, nonce: 7, index: 0 },
    ...{ payload, headers: undefined },
  });

const garbage = fc
  .uint8Array({ maxLength: 600 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('a frame', () => {
  it('is read as it was written', () => {
    // What is hostile is the next test's business.
    const harmless = fc.json({ maxDepth: 4 }).filter((text) => !text.includes('__proto__'));
    const part = fc.record({
      call: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
      payload: fc.option(harmless, { nil: undefined }),
      headers: fc.option(fc.constant('{"a":"b"}'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 20 }), (parts) => {
        const replies = parts.map(({ call, payload, headers }, i) =>
          encodeReply({
            ...{ call, kind: REPLY.next, deliveries: 2, nonce: 3, index: i },
            ...{ payload, headers },
          }),
        );
        const frame = decodeFrame(encodeFrame('host-1', replies.join(','))) as Frame;
        expect(frame.instance).toBe('host-1');
        for (const [i, { call, payload, headers }] of parts.entries()) {
          const read = frame.replies[i]!;
          expect(read.slice(0, 5)).toEqual([call, REPLY.next, 2, 3, i]);
          if (payload !== undefined) expect(read[5]).toEqual(JSON.parse(payload));
          // Headers stand behind a payload, and null is one.
          expect(read[7] === 1).toBe(payload === undefined && headers !== undefined);
          if (headers !== undefined) expect(read[6]).toEqual({ a: 'b' });
        }
      }),
    );
  });

  it('that is hostile in one reply keeps the others', () => {
    const bad = reply('2', '{"__proto__":{"admin":true}}');
    const text = encodeFrame('host-1', [reply('1', '1'), bad, reply('3', '3')].join(','));
    const { replies } = decodeFrame(text) as Frame;
    expect(replies[0]).toEqual(['1', REPLY.last, 1, 7, 0, 1]);
    expect(replies[1]).toMatchObject(['2', REPLY.fault, 1, 7, 0, { code: 'INVALID_MESSAGE' }]);
    expect(replies[2]).toEqual(['3', REPLY.last, 1, 7, 0, 3]);
  });

  it('that is too deep to be written again in one reply keeps the others', () => {
    const abyss = '['.repeat(200_000) + ']'.repeat(200_000);
    const text = encodeFrame('host-1', [reply('1', '1'), reply('2', abyss)].join(','));
    const { replies } = decodeFrame(text) as Frame;
    expect(replies[0]).toEqual(['1', REPLY.last, 1, 7, 0, 1]);
    expect(replies[1]).toMatchObject(['2', REPLY.fault, 1, 7, 0, { code: 'INVALID_MESSAGE' }]);
  });

  it('lets a payload be as deep as one that is sent', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const { replies } = decodeFrame(
      encodeFrame('host-1', [reply('1', deep(64)), reply('2', deep(65))].join(',')),
    ) as Frame;
    expect(replies[0]![1]).toBe(REPLY.last);
    expect(replies[1]!.slice(0, 2)).toEqual(['2', REPLY.fault]);
  });

  it('that cannot be read says why, and never throws', () => {
    for (const text of ['', '1', '1 x', '2 x []', '1 x {}', '1 x [', '1 x "]"', '1 x [1']) {
      expect(typeof decodeFrame(text)).toBe('string');
    }
    fc.assert(
      fc.property(garbage, (text) => {
        expect(['string', 'object']).toContain(typeof decodeFrame(`1 x ${text}`));
      }),
    );
  });
});

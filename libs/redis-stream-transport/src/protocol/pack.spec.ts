import { isMalformed } from './entry.js';
import {
  eventsIn,
  fieldsOfMember,
  fitsPack,
  isPack,
  MAX_PACK,
  packFields,
  unpack,
  withoutPack,
} from './pack.js';

const CALLER = 'c'.repeat(22);
const header = {
  ...{ codec: 'json' as const, caller: CALLER, depth: 0, once: false, timeout: 1000 },
  pattern: undefined,
};
const call = (id: string, data: string, headers?: string, key?: string) => ({
  ...{ id, data, headers, key },
});

/** What a reader makes of a pack's fields. */
function read(fields: readonly string[], maxPayload = 1000) {
  const packed = unpack({ id: '5-1', fields }, maxPayload);
  if (!isPack(packed)) throw new Error(packed === undefined ? 'no pack' : packed.malformed);
  return packed.members;
}

describe('a pack', () => {
  it('is read as it was written', () => {
    const calls = [
      ...[call('1', '{"a":1}'), call('2', '[2]', '{"h":"x"}')],
      call('3', '', undefined, 'a, \n"key"'),
    ];
    const members = read(packFields({ ...header, depth: 2, once: true, pattern: 'p' }, calls));
    const common = { id: '5-1', addedAt: 5, group: undefined, pattern: 'p' };
    expect(members).toMatchObject([
      { ...common, data: '{"a":1}', headers: undefined, key: undefined },
      { ...common, data: '[2]', headers: { h: 'x' }, key: undefined },
      { ...common, data: '', headers: undefined, key: 'a, \n"key"' },
    ]);
    expect(members.map((one) => one.header)).toMatchObject([
      { call: '1', caller: CALLER, timeout: 1000, depth: 2, once: true, codec: 'json' },
      { call: '2', once: true },
      { call: '3' },
    ]);
  });

  it('holds what serializers return as texts', () => {
    const calls = [call('1', 'line\nline'), call('2', '"')];
    const members = read(packFields({ ...header, codec: 'text:mine' }, calls));
    expect(members).toMatchObject([
      { data: 'line\nline', header: { codec: 'text', codecName: 'mine' } },
      { data: '"' },
    ]);
  });

  it('P14: judges each call by itself', () => {
    const members = read(packFields(header, [call('1', '{'), call('2', '2', '{"h":1}')]));
    expect(members.map(isMalformed)).toEqual([false, true]);
  });

  it.each(['""', '7', 'a', JSON.stringify('x'.repeat(257))])(
    'P14, P15: is told to the one call whose idempotency key is %s',
    (key) => {
      const [line, ...fields] = packFields(header, [call('1', '1'), call('2', '2')]).slice(1);
      const members = read(['c', line!, ...fields, 'k', `["k",\n${key}]`]);
      expect(members).toMatchObject([
        { key: 'k' },
        { malformed: 'an idempotency key has 1 to 256 characters', header: { call: '2' } },
      ]);
    },
  );

  it('P15: has the limit of the payload for each call', () => {
    const members = read(packFields(header, [call('1', '12345'), call('2', '1234567')]), 5);
    expect(members).toMatchObject([{ data: '12345' }, { malformed: 'payload too large' }]);
  });

  it.each([
    ['fewer ids than it says', ['m', '1', 'd', '[1,\n2]']],
    ['more ids than it says', ['m', '1,2,3', 'd', '[1,\n2]']],
    ['fewer data than it says', ['m', '1,2', 'd', '[1]']],
    ['more data than it says', ['m', '1,2', 'd', '[1,\n2,\n3]']],
    ['no data', ['m', '1,2']],
    ['data that is no list', ['m', '1,2', 'd', '1,\n2']],
    ['other keys than it says', ['m', '1,2', 'd', '[1,\n2]', 'k', '["a"]']],
    ['other headers than it says', ['m', '1,2', 'd', '[1,\n2]', 'h', '[null]']],
  ])('is told to all whom it names when it has %s', (_, fields) => {
    const members = read(['c', `1 pack.json 2 ${CALLER} 1000`, ...fields]);
    expect(members.map(isMalformed)).toEqual(members.map(() => true));
    expect(members.map((one) => one.header?.call)).toEqual(fields[1]!.split(','));
  });

  it.each([
    ['no ids', ['d', '[1]']],
    ['ids that are none', ['m', '1,two words', 'd', '[1,\n2]']],
    [
      'more calls than a pack may hold',
      [
        'm',
        Array(MAX_PACK + 1)
          .fill('1')
          .join(','),
        'd',
        '[]',
      ],
    ],
  ])('is malformed as a whole when it has %s', (_, fields) => {
    const packed = unpack({ id: '1-1', fields: ['c', `1 pack.json 2 ${CALLER} 0`, ...fields] }, 9);
    expect(packed).toMatchObject({ malformed: expect.any(String), header: undefined });
  });

  it('is no entry of another kind', () => {
    expect(unpack({ id: '1-1', fields: ['c', `1 json 1 ${CALLER} 0`, 'd', '1'] }, 9)).toBe(
      undefined,
    );
  });

  it('leaves what it holds of a call that cannot be read, as if that had stood by itself', () => {
    const texts = [
      'd',
      '["ok",\nbad,\n"long one"]',
      'h',
      '[1,\nnull,\nnull]',
      'k',
      '[null,\n7,\n"k"]',
    ];
    const members = read(['c', `1 pack.text 3 ${CALLER} 9`, 'm', '1,2,3', ...texts, 'p', 'p'], 5);
    const fieldsOf = members.map((one) => isMalformed(one) && one.fields);
    const line = (id: number) => ['c', `1 text ${id} ${CALLER} 9`];
    expect(fieldsOf).toEqual([
      [...line(1), 'd', 'ok', 'h', '1', 'p', 'p'],
      [...line(2), 'd', 'bad', 'k', '7', 'p', 'p'],
      [...line(3), 'd', 'long one', 'k', 'k', 'p', 'p'],
    ]);
  });

  it('leaves a call that can stand by itself', () => {
    const calls = [call('1', '1'), call('2', '2', '{"h":"x"}', 'key')];
    const [, second] = read(packFields(header, calls));
    if (second === undefined || isMalformed(second)) throw new Error('not read');
    expect(fieldsOfMember(second)).toEqual([
      ...['c', `1 json 2 ${CALLER} 1000`, 'd', '2', 'h', '{"h":"x"}', 'k', 'key'],
    ]);
  });

  it('parts its texts by line feeds, so a text with one stays out', () => {
    expect(fitsPack('{"a": 1}')).toBe(true);
    expect(fitsPack('{"a":\n1}')).toBe(false);
  });
});

describe('a pack of events', () => {
  const events = { ...header, caller: '-', timeout: 5 };
  const fields = packFields(events, [call('-', '1'), call('-', '2', '{"h":"x"}')]);

  it('is read as it was written, without ids and without a caller', () => {
    expect(fields).not.toContain('m');
    const packed = unpack({ id: '5-1', fields }, 1000);
    expect(packed).toMatchObject({ areEvents: true });
    const members = read(fields);
    expect(members).toMatchObject([{ data: '1' }, { data: '2', headers: { h: 'x' } }]);
    expect(members.map((one) => one.header)).toMatchObject(
      [1, 2].map(() => ({ call: undefined, caller: undefined, timeout: 5, once: false })),
    );
    expect(fieldsOfMember(members[1] as never)).toEqual([
      'c',
      '1 json - - 5',
      'd',
      '2',
      'h',
      '{"h":"x"}',
    ]);
  });

  it('is counted by its header line, which each event would have by itself', () => {
    const [, line = ''] = fields;
    expect([eventsIn(line), withoutPack(line)]).toEqual([2, '1 json - - 5']);
    expect(eventsIn('1 json - - 5')).toBe(0);
    const calls = `1 pack.json 3 ${CALLER} 5 once`;
    expect([eventsIn(calls), withoutPack(calls)]).toEqual([0, `1 json 3 ${CALLER} 5 once`]);
  });

  it.each(['0', '01', '65', 'x', '-1', ''])(
    'is malformed as a whole where it has %s events',
    (count) => {
      const odd = ['c', `1 pack.json ${count} - 0`, 'd', '[1]'];
      expect(unpack({ id: '5-1', fields: odd }, 1000)).toMatchObject({
        malformed: expect.any(String) as string,
      });
    },
  );
});

import { callerId, requestLine } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

const caller = callerId();
const good = requestLine(caller);
const deep = '['.repeat(200) + ']'.repeat(200);
const deepObject = '{"a":'.repeat(100) + '1' + '}'.repeat(100);

/** Fields of entries that somebody wrote by hand, and the reason of their dead letter. */
const malformed: Record<string, [fields: (string | Buffer)[], error: RegExp]> = {
  'no header': [['d', '1'], /no header/],
  'nothing that we know': [['x', 'y'], /no header/],
  'an empty header': [['c', '', 'd', '1'], /no version/],
  'a bad version': [['c', 'one json - - 0', 'd', '1'], /no version/],
  'a version below the first': [['c', '0 json - - 0', 'd', '1'], /no version/],
  'a short header': [['c', '1 json', 'd', '1'], /too short/],
  'an endless header': [['c', `1 json - - 0 ${'x'.repeat(5000)}`, 'd', '1'], /too long/],
  'a bad codec': [['c', '1 xml - - 0', 'd', '1'], /codec/],
  'no timeout': [['c', '1 json - -', 'd', '1'], /timeout/],
  'a negative timeout': [['c', '1 json - - -5', 'd', '1'], /timeout/],
  'a timeout that is no number': [['c', '1 json - - soon', 'd', '1'], /timeout/],
  'a caller id that would name another key': [
    ['c', '1 json 1 ../../another:key:name 1000', 'd', '1'],
    /caller id/,
  ],
  'a caller id with a hash tag': [['c', `1 json 1 {other}${caller} 1000`, 'd', '1'], /caller id/],
  'a caller id that is too short': [['c', '1 json 1 abc 1000', 'd', '1'], /caller id/],
  'a call id that would break a frame': [['c', `1 json "],[" ${caller} 1000`, 'd', '1'], /call id/],
  'binary garbage as header': [['c', Buffer.from([0, 255, 254, 128, 10]), 'd', '1'], /./],
  'no data': [['c', good], /no data/],
  'data over the limit': [['c', good, 'd', `"${'x'.repeat(5000)}"`], /too large/],
  'a pattern over the limit': [['c', good, 'd', '1', 'p', 'p'.repeat(2000)], /pattern/],
  'headers that are no JSON': [['c', good, 'd', '1', 'h', 'nope'], /headers/],
  'headers that are no object': [['c', good, 'd', '1', 'h', '[1]'], /headers/],
  'a header that is no string': [['c', good, 'd', '1', 'h', '{"a":1}'], /header/],
  'hostile headers': [['c', good, 'd', '1', 'h', '{"__proto__":"x"}'], /__proto__/],
  'headers over the limit': [['c', good, 'd', '1', 'h', `{"a":"${'x'.repeat(20_000)}"}`], /large/],
  'data that is no JSON': [['c', good, 'd', '{"a":'], /JSON/],
  'binary garbage as data': [['c', good, 'd', Buffer.from([123, 0, 255, 192, 34])], /JSON/],
  'a __proto__ key': [['c', good, 'd', '{"a":[{"__proto__":{"admin":true}}]}'], /__proto__/],
  'an escaped __proto__ key': [
    ['c', good, 'd', String.raw`{"\u005f_pr\u006fto_\u005F" : {"admin":true}}`],
    /__proto__/,
  ],
  'a depth bomb': [['c', good, 'd', deep], /nesting/],
  'a depth bomb of objects': [['c', good, 'd', deepObject], /nesting/],
  'bytes that are no base64 of a packet': [['c', good.replace('json', 'b64'), 'd', '%%%'], /./],
};

async function served() {
  const service = new TestService();
  const seen: unknown[] = [];
  const work = (data: unknown) => {
    seen.push(data);
    return data;
  };
  await service.serve({ messages: { work } }, { maxPayloadBytes: 4096 });
  const client = await service.connected();
  const add = (fields: (string | Buffer)[]) =>
    service.redis.xadd(service.keys.stream('work'), '*', ...fields);
  return { service, seen, client, add };
}

describe('an entry with', () => {
  it.each(Object.entries(malformed))('%s becomes a dead letter', async (_, [fields, error]) => {
    const { service, seen, client, add } = await served();
    const before = client.call('work', 'before');
    const id = await add(fields);
    expect(await Promise.all([before, client.call('work', 'after')])).toEqual(['before', 'after']);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.deadLetters();
    expect(letter).toMatchObject({ reason: 'malformed', id, stream: 'work', deliveries: '1' });
    expect(letter!['error']).toMatch(error);
    expect(seen).toEqual(['before', 'after']);
    await eventually(async () => expect(await service.pending('work')).toBe(0));
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('several of each field, or an odd one, is read by the first of each', async () => {
    const { seen, add } = await served();
    await add(['c', good, 'd', '"first"', 'd', '"second"', 'c', 'rubbish', 'unknown', 'x']);
    await eventually(() => expect(seen).toEqual(['first']));
  });

  it('a readable header but bad data is answered as well', async () => {
    const { service, add } = await served();
    await add(['c', good, 'd', 'rubbish']);
    const log = service.keys.log(caller);
    await eventually(async () => expect(await service.redis.xlen(log)).toBe(1));
    const [record] = await service.redis.xrange(log, '-', '+');
    expect(record![1][1]).toContain('"code":"INVALID_MESSAGE"');
    expect(record![1][1]).toContain('"outcome":"not-run"');
    expect(await service.length('work')).toBe(0);
  });

  it.each([
    ['a bad timeout', good.replace('600000', 'soon'), []],
    ['a timeout that scripts would not read', good.replace('600000', '1e3'), []],
    ['no timeout', good.replace(' 600000', ''), []],
    ['an unknown codec', good.replace('json', 'xml'), []],
    ['a version that is no number', good.replace(/^1/, 'one'), []],
    ['an endless line', `${good} ${'x'.repeat(5000)}`, []],
    ['an empty key', good, ['k', '']],
    ['a key over the limit', good, ['k', 'k'.repeat(257)]],
  ])('%s is answered as well, if its sender can be read', async (_, line, more) => {
    const { service, seen, add } = await served();
    await add(['c', line, 'd', '1', ...more]);
    const log = service.keys.log(caller);
    await eventually(async () => expect(await service.redis.xlen(log)).toBe(1));
    const [record] = await service.redis.xrange(log, '-', '+');
    expect(record![1][1]).toContain('["1",4,');
    expect(record![1][1]).toContain('"code":"INVALID_MESSAGE"');
    expect(record![1][1]).toContain('"outcome":"not-run"');
    await eventually(async () => expect(await service.length('work')).toBe(0));
    expect(await service.deadLetters()).toHaveLength(1);
    expect(seen).toEqual([]);
  });

  it('a key of 256 characters runs', async () => {
    const { seen, add } = await served();
    await add(['c', good, 'd', '7', 'k', 'k'.repeat(256)]);
    await eventually(() => expect(seen).toEqual([7]));
  });

  it('an unknown version is answered UNSUPPORTED_VERSION, an event of it is kept', async () => {
    const { service, add } = await served();
    const other = callerId();
    await add(['c', good.replace(/^1/, '2').replace(caller, other), 'd', '1']);
    const log = service.keys.log(other);
    await eventually(async () => expect(await service.redis.xlen(log)).toBe(1));
    const [record] = await service.redis.xrange(log, '-', '+');
    expect(record![1][1]).toContain('UNSUPPORTED_VERSION');
    await add(['c', '2 json - - 0', 'd', '1']);
    await eventually(async () =>
      expect(await service.deadLetters()).toMatchObject([{ reason: 'version' }]),
    );
  });

  it('a deadline that has passed does not run', async () => {
    const { service, seen } = await served();
    const id = `${Date.now() - 60_000}-0`;
    const key = service.keys.stream('late');
    await service.redis.xadd(key, id, 'c', requestLine(callerId(), '1', 1000), 'd', '1');
    const late = (data: unknown) => void seen.push(data);
    await service.serve({ messages: { late } });
    await eventually(async () => expect(await service.length('late')).toBe(0));
    expect(seen).toEqual([]);
  });
});

it('a thousand malformed entries do not keep calls waiting', async () => {
  const { service, client } = await served();
  const pipeline = service.redis.pipeline();
  for (let i = 0; i < 1000; i++) {
    pipeline.xadd(
      service.keys.stream('work'),
      '*',
      ...(i % 2 ? ['x', 'y'] : ['c', good, 'd', '[']),
    );
  }
  await pipeline.exec();
  expect(await client.call('work', 'alive')).toBe('alive');
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(1000));
  await eventually(async () => expect(await service.pending('work')).toBe(0));
});

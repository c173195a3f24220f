import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { callerId, requestLine } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

/** A failure prints the seed for FUZZ_SEED. */
const ENTRIES = Number(process.env.FUZZ_ENTRIES ?? 100_000);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 1e9));
const PAGE = 500;

type Fields = readonly (string | Buffer)[];

const caller = callerId();
const good = requestLine(caller, '1', 60_000);

const binary = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), binary);

/** Pieces of a header, right and wrong. */
const word = fc.oneof(
  fc.constantFrom('1', '2', '0', '-1', '1e309', 'NaN', '', '-', '18446744073709551616'),
  fc.constantFrom('json', 'text', 'obj', 'b64', 'xml', caller, `{tag}${caller}`, '../../key'),
  fc.constantFrom('60000', '1', '-5', '9007199254740993', 'once', 'idle=5', 'idle=x', '"],['),
  fc.string({ maxLength: 40 }),
  fc.constant('9'.repeat(300)),
);
const brokenHeader = fc.array(word, { maxLength: 9 }).map((words) => words.join(' '));
const cutHeader = fc.nat(good.length).map((at) => good.slice(0, at));
const flags = fc.constantFrom('', ' once', ' idle=50', ' once idle=70', ' later');
const codec = fc.constantFrom('json', 'json', 'json', 'json', 'text', 'obj', 'b64');
const wholeHeader = fc
  .tuple(codec, fc.constantFrom(60_000, 5, 1, 0), flags)
  .chain(([name, timeout, flag]) =>
    fc.constantFrom(
      `1 ${name} - - 0${flag}`,
      `1 ${name} 7 ${caller} ${timeout}${flag}`,
      `2 ${name} 7 ${caller} ${timeout}${flag}`,
    ),
  );
const header = fc.oneof(
  { weight: 10, arbitrary: wholeHeader },
  { weight: 2, arbitrary: brokenHeader },
  { weight: 1, arbitrary: cutHeader },
  { weight: 1, arbitrary: text },
);

const wholeJson = fc.json({ maxDepth: 3 });
const cutJson = fc
  .tuple(wholeJson, fc.nat())
  .map(([json, at]) => json.slice(0, at % (json.length + 1)));
const hostileJson = fc.oneof(
  fc.constantFrom('{"__proto__":{"admin":true}}', String.raw`{"\u005f_proto__":1}`, '', '{}'),
  fc.constantFrom('1e999', '"\\ud800"', 'nul', '[,]', '{"a":1,"a":2}', '"\u0000"', '\ufeff1'),
  fc.nat(400).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.nat(400).map((depth) => '{"a":'.repeat(depth)),
  fc.nat(6000).map((length) => JSON.stringify('x'.repeat(length))),
);
const data = fc.oneof(
  { weight: 8, arbitrary: wholeJson },
  { weight: 2, arbitrary: cutJson },
  { weight: 3, arbitrary: hostileJson },
  { weight: 2, arbitrary: text },
);

const extra = fc.oneof(
  fc.tuple(fc.constant('h'), fc.oneof(data, fc.json({ maxDepth: 1 }), text)),
  fc.tuple(fc.constant('k'), fc.oneof(fc.string(), text, fc.constant('key'), data)),
  fc.tuple(fc.constant('p'), fc.oneof(fc.constantFrom('work', 'told', 'nobody'), text)),
  fc.tuple(text, text),
);
const extras = fc.oneof(
  { weight: 4, arbitrary: fc.constant<[string | Buffer, string | Buffer][]>([]) },
  { weight: 1, arbitrary: fc.array(extra, { maxLength: 5 }) },
);
const entry: fc.Arbitrary<Fields> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(header, data, extras)
      .map(([c, d, more]) => ['c', c, 'd', d, ...more.flat()]),
  },
  { weight: 1, arbitrary: fc.array(fc.tuple(text, text), { minLength: 1 }).map((f) => f.flat()) },
  { weight: 1, arbitrary: header.map((c) => ['c', c]) },
);

const lanes = { work: ['work', 'told'] };

/** Counts lines, and remembers the longest. */
function watchLog() {
  const seen = { lines: 0, longest: 0 };
  const line = (message: unknown) => {
    seen.lines++;
    seen.longest = Math.max(seen.longest, String(message).length);
  };
  Logger.overrideLogger({ log: line, warn: line, error: line, fatal: line });
  return seen;
}

it(`${ENTRIES} entries of any kind end, and calls between them are answered`, async () => {
  const service = new TestService();
  const log = watchLog();
  const stream = service.keys.stream('work');
  let handled = 0;
  await service.serve(
    {
      messages: {
        work: (n: unknown) => {
          handled++;
          return n;
        },
      },
      events: { told: () => void handled++ },
    },
    { maxPayloadBytes: 4096, lanes },
  );
  const client = await service.connected({ lanes });
  const from = performance.now();
  for (let sent = 0; sent < ENTRIES; sent += PAGE) {
    const pipeline = service.redis.pipeline();
    for (const fields of fc.sample(entry, { numRuns: PAGE, seed: SEED + sent })) {
      pipeline.xadd(stream, '*', ...fields);
    }
    const added = await pipeline.exec();
    expect(added!.filter(([error]) => error !== null)).toEqual([]);
    const answers = await Promise.all(range(5).map((n) => client.call('work', sent + n)));
    expect(answers, `FUZZ_SEED=${SEED}`).toEqual(range(5).map((n) => sent + n));
  }
  // Whoever uses the same key as an entry that runs waits for it; everything else is over by now.
  await eventually(async () => {
    const [group] = (await service.redis.xinfo('GROUPS', stream)) as unknown[][];
    expect(group, `FUZZ_SEED=${SEED}`).toEqual(expect.arrayContaining(['pending', 0, 'lag', 0]));
  }, 30_000);
  const letters = (await service.redis.xinfo('STREAM', service.keys.dead('service'))) as unknown[];
  const dead = Number(letters[letters.indexOf('entries-added') + 1]);
  const seconds = (performance.now() - from) / 1000;
  process.stdout.write(
    `fuzz: seed ${SEED}, ${ENTRIES} entries in ${seconds.toFixed(1)} s, ` +
      `${handled} handled, ${dead} dead letters, ${log.lines} lines of log\n`,
  );
  // Enough of both, or the fuzz is not worth its name.
  expect(dead).toBeGreaterThan(ENTRIES / 10);
  expect(handled).toBeGreaterThan(ENTRIES / 50);
  // A line per kind and five seconds, however many entries are bad.
  expect(log.lines).toBeLessThan(50 + 20 * seconds);
  expect(log.longest).toBeLessThan(4000);
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
  expect(await client.call('work', 'good')).toBe('good');
}, 900_000);

it('ids far in the future change nothing but their order', async () => {
  const service = new TestService();
  const seen: unknown[] = [];
  await service.serve({ messages: { far: (n: unknown) => seen.push(n) } });
  const client = await service.connected();
  const key = service.keys.stream('far');
  expect(await client.call('far', 'first')).toBe(1);
  const ids = ['99999999999999-0', '9007199254740993-1', '18446744073709551615-5'];
  for (const id of ids) await service.redis.xadd(key, id, 'c', good, 'd', '"far"');
  await eventually(() => expect(seen).toEqual(['first', 'far', 'far', 'far']));
  expect(await client.call('far', 'behind')).toBe(5);
  // No id is left: the call is refused, and says so.
  await service.redis.xadd(key, '18446744073709551615-18446744073709551615', 'c', good, 'd', '1');
  const failure = await client.failure('far', 'none');
  expect(failure).toMatchObject({ code: 'REDIS', outcome: 'not-run' });
  await eventually(async () => expect(await service.pending('far')).toBe(0));
});

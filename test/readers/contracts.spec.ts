import fc from 'fast-check';
import { factsOf } from '../../libs/redis-stream-transport/src/contracts/announce/contract-facts.js';
import { callStats } from '../../libs/redis-stream-transport/src/contracts/announce/tally.js';
import { instance } from '../../libs/redis-stream-transport/src/contracts/directory/service-directory.js';
import {
  describedInstance,
  describedMethods,
} from '../../libs/redis-stream-transport/src/contracts/discovery/described-service.js';
import { schemaDefinition } from '../../libs/redis-stream-transport/src/contracts/discovery/schema-definition.js';
import { asyncApiDocument } from '../../libs/redis-stream-transport/src/contracts/generate/asyncapi-document.js';
import { clientSource } from '../../libs/redis-stream-transport/src/contracts/generate/client-source.js';
import { contractSchema } from '../../libs/redis-stream-transport/src/contracts/index.js';
import {
  compareContracts,
  isNewer,
} from '../../libs/redis-stream-transport/src/contracts/schema/compare-contracts.js';
import { readContractSchema } from '../../libs/redis-stream-transport/src/contracts/schema/read-schema.js';
import { statisticsIn } from '../../libs/redis-stream-transport/src/operate/instance-statistics.js';
import { patternStatistics } from '../../libs/redis-stream-transport/src/operate/index.js';
import { senderIn, sendersOf } from '../../libs/redis-stream-transport/src/operate/senders.js';
import { FilesContract } from '../contracts/files.contract.js';
import { holdsFor, spoilt, text, TIME } from './arbitrary.js';

// What services say about themselves: cards, and documents that describe contracts.

it('a card of the directory', { timeout: TIME }, () => {
  const counts = { calls: 1, errors: 0, inFlight: 0, durations: [[5, 1]] };
  const about = { version: '1.0.0', hash: 'h', force: false, uptime: 1, methods: { add: counts } };
  const card = { group: 'service', document: 'd', about };
  holdsFor(
    fc.oneof(
      text,
      spoilt(card).map((one) => JSON.stringify(one)),
    ),
    (given) => {
      const one = instance('me', given, undefined);
      expect(typeof one.group).toBe('string');
      describedInstance(one);
      const stats = callStats(Object.values(factsOf(one)?.methods ?? {}));
      expect(typeof stats.calls).toBe('number');
      isNewer(factsOf(one)?.version ?? '', '1.0.0');
    },
  );
});

it('what an instance says that it has done', { timeout: TIME }, () => {
  const row = ['orders', 1, 0, 5, 0, 1, 0, 0, 0, [[9, 6]]];
  const said = { at: 1, up: 5, running: 1, waiting: 0, more: 0, patterns: [row] };
  const me = { service: 'service', consumer: 'me' };
  expect(statisticsIn(JSON.stringify(said), me)?.patterns).toHaveLength(1);
  const strange = [
    ...row.slice(0, -1),
    [
      [-1, 6],
      [1e300, 1],
      [9, 6],
      [9.5, 1],
      [128, 1],
    ],
  ];
  const left = statisticsIn(JSON.stringify({ ...said, patterns: [strange] }), me);
  expect(left?.patterns[0]?.durations).toEqual([[9, 6]]);
  holdsFor(
    fc.oneof(
      text,
      spoilt(said).map((one) => JSON.stringify(one)),
    ),
    (given) => {
      const one = statisticsIn(given, me);
      if (one === undefined) return;
      const [sum] = patternStatistics({ instances: [one], silent: [] });
      if (sum === undefined) return;
      const { service, pattern, p50 = 0, p99 = 0, ...counts } = sum;
      expect([service, typeof pattern]).toEqual(['service', 'string']);
      for (const count of [p50, p99, ...Object.values(counts)]) {
        expect(Number.isFinite(count) && count >= 0).toBe(true);
      }
    },
  );
});

it('what callers say that they send', { timeout: TIME }, () => {
  const note = {
    application: 'shop',
    process: 'web-1',
    for: 1000,
    patterns: [['orders.price', 3]],
  };
  const right = senderIn(JSON.stringify(note));
  expect(sendersOf(right === undefined ? [] : [right, right], 'orders.price')).toMatchObject([
    { application: 'shop', patterns: [{ pattern: 'orders.price', entries: 6 }] },
  ]);
  const notes = fc.oneof(
    text,
    spoilt(note).map((one) => JSON.stringify(one)),
  );
  holdsFor(notes, (given) => {
    const said = senderIn(given);
    for (const { application, over, patterns } of sendersOf(said === undefined ? [] : [said])) {
      expect([typeof application, typeof over]).toEqual(['string', 'number']);
      for (const { entries } of patterns) expect(typeof entries).toBe('number');
    }
  });
});

it('a document that may be a contract', { timeout: TIME }, async () => {
  const own = await contractSchema(FilesContract);
  expect(readContractSchema(JSON.stringify(own))).toEqual(own);
  let read = 0;
  const documents = fc.oneof(
    { weight: 1, arbitrary: text },
    { weight: 4, arbitrary: spoilt(own).map((one) => JSON.stringify(one)) },
  );
  holdsFor(documents, (given) => {
    const schema = readContractSchema(given);
    if (schema === undefined) return;
    read++;
    for (const { signature } of describedMethods(schema)) expect(typeof signature).toBe('string');
    schemaDefinition(schema);
    clientSource(schema);
    asyncApiDocument(schema);
    compareContracts(own, { ...schema, hash: 'another' });
    compareContracts(schema, { ...own, hash: 'another' });
  });
  // Enough that are contracts, or what comes behind the reader was not looked at.
  expect(read).toBeGreaterThan(10);
});

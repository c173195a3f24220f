import type { ContractClient } from '../../libs/redis-stream-transport/src/contracts/index.js';
import { callsCases } from '../contracts/cases/calls.cases.js';
import { errorsCases } from '../contracts/cases/errors.cases.js';
import { FilesContract } from '../contracts/files.contract.js';
import { FilesController } from '../contracts/files.controller.js';
import { deliveryCases } from './delivery.cases.js';
import type { OpenTransport, TransportUnderTest } from './place.js';
import { promises, transportNames, unusedPromises } from './promises.js';
import { Stage } from './stage.js';
import { all, quick } from './transports.js';

// The same contract over Nest's transports. Those whose brokers are large run by `npm run test:brokers` alone.
const chosen = process.env.NRS_BROKERS === 'all' ? all : quick;

for (const { name, missing } of chosen)
  if (missing !== undefined) console.warn(`contracts over ${name} are left out: ${missing}`);
const present = chosen.filter(({ missing }) => missing === undefined);

/** A broker for the tests of a group. */
function broker({ open, patience }: TransportUnderTest): () => OpenTransport {
  let opened: OpenTransport | undefined;
  beforeAll(async () => {
    opened = await open();
  }, patience);
  afterAll(() => opened?.close());
  return () => opened!;
}

/** One service for all tests of a group, and a client of it. */
function clients(
  opened: () => OpenTransport,
  exact = false,
): () => Promise<ContractClient<FilesContract>> {
  let stage: Stage | undefined;
  let client: ContractClient<FilesContract>;
  beforeAll(async () => {
    stage = await Stage.open(opened(), [FilesContract], exact);
    await stage.serve('a', FilesController);
    client = await stage.client('a', FilesContract);
  }, 60_000);
  afterAll(() => stage?.close());
  return async () => client;
}

describe.each(present)('contracts over $name', { timeout: 90_000 }, (transport) => {
  const opened = broker(transport);

  describe('calls', () => {
    const open = clients(opened);
    callsCases(transport.name, open);
    errorsCases(open);
  });

  describe('delivery', () => {
    deliveryCases(transport.name, opened);
  });
});

const inJson = present.filter(({ name }) => name === 'kafka');
describe.each(inJson)('contracts over $name, answers in JSON', { timeout: 90_000 }, (transport) => {
  const open = clients(broker(transport), true);
  // As over this transport: the pair of the page leaves no difference.
  callsCases('redis-streams', open);
  errorsCases(open);
});

test('the cases run over every transport that is told of', () => {
  expect(all.map(({ name }) => name)).toEqual(transportNames);
});

test('each promise is used by a case', () => {
  expect(Object.keys(promises).length).toBeGreaterThan(0);
  expect(unusedPromises()).toEqual([]);
});

import { lastValueFrom } from 'rxjs';
import { contractClient } from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { callsCases } from './cases/calls.cases.js';
import { FilesContract } from './files.contract.js';
import { ends, FilesController } from './files.controller.js';
import { failure, serve, type TransportName } from './support.js';

const file = { name: 'a.txt', size: 3, tags: [{ name: 'x' }] };

describe.each<TransportName>(['redis-streams', 'tcp'])('A4 a contract over %s', (transport) => {
  callsCases(transport, async () => {
    const { proxy } = await serve({ controllers: [FilesController] }, transport);
    return contractClient(FilesContract, proxy);
  });
});

test('an event is stored when its promise resolves, although no instance serves it', async () => {
  const service = new TestService();
  expect(await contractClient(FilesContract, service.client()).removed(file)).toBeUndefined();
  expect(await service.length('media.files.removed')).toBe(1);
});

test('leaving the loop stops the handler', async () => {
  const { proxy } = await serve({ controllers: [FilesController] });
  ends.length = 0;
  for await (const tick of contractClient(FilesContract, proxy).ticks(100_000, 5)) {
    if (tick === 2) break;
  }
  await eventually(() => expect(ends).toEqual(['ticks 100000']));
});

test('nothing but what is declared can be called', async () => {
  const { proxy } = await serve({ controllers: [FilesController] });
  const client = contractClient(FilesContract, proxy);
  expect(Object.keys(client).toSorted()).toEqual([
    'echo',
    'fail',
    'find',
    'half',
    'join',
    'removed',
    'tag',
    'tags',
    'ticks',
    'upload',
    'with',
  ]);
  // Nor without the contract, whatever else the controller has.
  const answer = lastValueFrom(proxy.send('media.files.describe', []));
  expect(await failure(answer)).toMatchObject({ code: 'NO_CONSUMER', outcome: 'not-run' });
});

test('a controller can be called as it is', async () => {
  const made = new FilesController();
  expect(made.join('-', 'a', 'b')).toBe('a-b');
});

import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import {
  contractClient,
  type ContractClient,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { FileDto, FilesContract, Receipt, TagDto } from './files.contract.js';
import { ends, FilesController, seen } from './files.controller.js';
import { failure, serve, type TransportName } from './support.js';

const file = { name: 'a.txt', size: 3, tags: [{ name: 'x' }] };

describe.each<TransportName>(['redis-streams', 'tcp'])('A4 a contract over %s', (transport) => {
  const files = async (): Promise<ContractClient<FilesContract>> => {
    const { proxy } = await serve({ controllers: [FilesController] }, transport);
    seen.length = 0;
    ends.length = 0;
    return contractClient(FilesContract, proxy);
  };

  test('a command is called with instances and returns one', async () => {
    const client = await files();
    const receipt = await client.upload(file, 'append');
    expect(receipt).toBeInstanceOf(Receipt);
    expect(receipt.file).toBeInstanceOf(FileDto);
    expect(receipt.title).toBe('append-1 a.txt');
    const [taken] = seen[0]!.args as [FileDto];
    expect(taken).toBeInstanceOf(FileDto);
    expect(taken.tags[0]).toBeInstanceOf(TagDto);
  });

  test('defaults of the contract are filled in by the service', async () => {
    const client = await files();
    expect((await client.upload(file)).id).toBe('replace-1');
    expect((await client.upload(file, undefined)).id).toBe('replace-1');
  });

  test('arguments may be many, few or none', async () => {
    const client = await files();
    expect(await client.join('-')).toBe('');
    expect(await client.join('-', 'a', 'b', 'c', 'd', 'e')).toBe('a-b-c-d-e');
    const after = new Date(7);
    expect(await client.find('n')).toEqual(['n', undefined, undefined]);
    expect(await client.find('n', undefined, after)).toEqual(['n', undefined, after]);
    expect(seen.at(-1)!.args).toEqual(['n', undefined, after]);
  });

  test('arrays of classes and schemas', async () => {
    const client = await files();
    expect(await client.tag([{ name: 'a' }, { name: 'b' }])).toBe(2);
    expect((seen[0]!.args[0] as TagDto[]).every((tag) => tag instanceof TagDto)).toBe(true);
    expect(await client.half('8' as never)).toBe(4);
    expect(seen.at(-1)!.args).toEqual([8]);
  });

  test('rich values go there and come back', async () => {
    const client = await files();
    const value = {
      at: new Date(1),
      bytes: Buffer.from([0, 255]),
      big: 2n ** 70n,
      map: new Map([[{ a: 1 }, new Set([1, undefined])]]),
      list: [undefined, null, Number.NaN],
      $date: 'mine',
      nested: { $map: 1 },
    };
    expect(await client.echo(value)).toEqual(value);
    expect(await client.echo(undefined)).toBeUndefined();
    expect(await client.echo(null)).toBeNull();
  });

  test('an event is told', async () => {
    const client = await files();
    expect(await client.removed(file)).toBeUndefined();
    await eventually(() => expect(seen.map(({ method }) => method)).toEqual(['removed']));
    expect(seen[0]!.args[0]).toBeInstanceOf(FileDto);
  });

  test('a streamed method is an Observable', async () => {
    const client = await files();
    const tags = await firstValueFrom(client.tags(3).pipe(toArray()));
    expect(tags.map((tag) => tag.name)).toEqual(['t0', 't1', 't2']);
    expect(tags.every((tag) => tag instanceof TagDto)).toBe(true);
  });

  test('and an async iterable', async () => {
    const client = await files();
    const got: number[] = [];
    for await (const tick of client.ticks(5)) got.push(tick);
    expect(got).toEqual([0, 1, 2, 3, 4]);
    await eventually(() => expect(ends).toEqual(['ticks 5']));
  });

  test('its error comes behind its values', async () => {
    const client = await files();
    const got: number[] = [];
    const run = async (): Promise<void> => {
      for await (const tick of client.ticks(13)) got.push(tick);
    };
    expect(await failure(run())).toMatchObject({ code: 'QUOTA', limit: 12 });
    expect(got).toHaveLength(13);
  });

  test('a bad argument fails a stream too', async () => {
    const client = await files();
    expect(await failure(firstValueFrom(client.ticks('1' as never)))).toMatchObject({
      code: 'VALIDATION',
    });
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

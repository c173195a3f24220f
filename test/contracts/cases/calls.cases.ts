import { firstValueFrom, toArray } from 'rxjs';
import type { ContractClient } from '../../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../../tools/wait.js';
import { promised, type TransportName } from '../../brokers/promises.js';
import { FileDto, type FilesContract, Receipt, TagDto } from '../files.contract.js';
import { ends, seen } from '../files.controller.js';
import { failure } from '../support.js';

const file = { name: 'a.txt', size: 3, tags: [{ name: 'x' }] };

/** What calls by a contract come to, over any transport. `open` gives a client whose service is there. */
export function callsCases(
  transport: TransportName,
  open: () => Promise<ContractClient<FilesContract>>,
): void {
  let client: ContractClient<FilesContract>;

  beforeEach(async () => {
    client = await open();
    seen.length = 0;
    ends.length = 0;
  });

  promised('arguments', transport, true);
  test('a command is called with instances and returns one', async () => {
    const receipt = await client.upload(file, 'append');
    expect(receipt).toBeInstanceOf(Receipt);
    expect(receipt.file).toBeInstanceOf(FileDto);
    expect(receipt.title).toBe('append-1 a.txt');
    const [taken] = seen[0]!.args as [FileDto];
    expect(taken).toBeInstanceOf(FileDto);
    expect(taken.tags[0]).toBeInstanceOf(TagDto);
  });

  test('defaults of the contract are filled in by the service', async () => {
    expect((await client.upload(file)).id).toBe('replace-1');
    expect((await client.upload(file, undefined)).id).toBe('replace-1');
  });

  test('arguments may be many, few or none', async () => {
    expect(await client.join('-')).toBe('');
    expect(await client.join('-', 'a', 'b', 'c', 'd', 'e')).toBe('a-b-c-d-e');
    const after = new Date(7);
    expect(await client.find('n')).toEqual(['n', undefined, undefined]);
    expect(await client.find('n', undefined, after)).toEqual(['n', undefined, after]);
    expect(seen.at(-1)!.args).toEqual(['n', undefined, after]);
  });

  const number = promised<(n: number) => unknown>('numbers', transport, (n) => n, {
    kafka: String,
  });
  const nothing = promised<unknown>('nothing', transport, undefined, { kafka: null });
  test('arrays of classes and schemas', async () => {
    expect(await client.tag([{ name: 'a' }, { name: 'b' }])).toBe(number(2));
    expect((seen[0]!.args[0] as TagDto[]).every((tag) => tag instanceof TagDto)).toBe(true);
    expect(await client.half('8' as never)).toBe(number(4));
    expect(seen.at(-1)!.args).toEqual([8]);
  });

  promised('rich', transport, true);
  test('rich values go there and come back', async () => {
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
    expect(await client.echo(undefined)).toBe(nothing);
    expect(await client.echo(null)).toBeNull();
  });

  test('an event is told', async () => {
    expect(await client.removed(file)).toBeUndefined();
    await eventually(() => expect(seen.map(({ method }) => method)).toEqual(['removed']));
    expect(seen[0]!.args[0]).toBeInstanceOf(FileDto);
  });

  test('a streamed method is an Observable', async () => {
    const tags = await firstValueFrom(client.tags(3).pipe(toArray()));
    expect(tags.map((tag) => tag.name)).toEqual(['t0', 't1', 't2']);
    expect(tags.every((tag) => tag instanceof TagDto)).toBe(true);
  });

  test('and an async iterable', async () => {
    const got: unknown[] = [];
    for await (const tick of client.ticks(5)) got.push(tick);
    expect(got).toEqual([0, 1, 2, 3, 4].map(number));
    await eventually(() => expect(ends).toEqual(['ticks 5']));
  });

  test('its error comes behind its values', async () => {
    const got: number[] = [];
    const run = async (): Promise<void> => {
      for await (const tick of client.ticks(13)) got.push(tick);
    };
    expect(await failure(run())).toMatchObject({ code: 'QUOTA', limit: 12 });
    expect(got).toHaveLength(13);
  });

  test('a bad argument fails a stream too', async () => {
    expect(await failure(firstValueFrom(client.ticks('1' as never)))).toMatchObject({
      code: 'VALIDATION',
    });
  });
}

import {
  type ContractClient,
  RemoteError,
} from '../../../libs/redis-stream-transport/src/contracts/index.js';
import { type FilesContract, QuotaExceeded } from '../files.contract.js';
import { failure } from '../support.js';

/** What errors of handlers come to, over any transport. `open` gives a client whose service is there. */
export function errorsCases(open: () => Promise<ContractClient<FilesContract>>): void {
  const fail = async (kind: string): Promise<unknown> => failure((await open()).fail(kind));

  test('keep name, message, code and details', async () => {
    const error = await fail('other');
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'Strange',
      message: 'odd',
      code: 7,
      details: new Map([['a', 1n]]),
      pattern: 'media.files.fail',
    });
    expect(String(error)).toBe('Strange: odd');
    expect((error as Error).stack).not.toContain('files.controller');
  });

  test('of a class that the contract lists are of that class', async () => {
    const error = await fail('quota');
    expect(error).toBeInstanceOf(QuotaExceeded);
    expect(error).toMatchObject({ code: 'QUOTA', limit: 3, message: 'more than 3' });
    expect((error as Error).stack).toContain('errors.cases');
  });

  test('thrown as RpcException pass as they are', async () => {
    const error = await fail('rpc');
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ code: 'E_RPC', message: 'as it is', details: { extra: 1 } });
    expect(await fail('text')).toMatchObject({ name: 'RemoteError', message: 'only text' });
  });

  test('that are no errors become some', async () => {
    const error = await fail('plain');
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ name: 'Error', message: 'a string' });
  });
}

// Dead letters of sealed entries: who may put them back, and what is known of their callers then.
import { DeadLetter } from 'nestjs-redis-streams';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { sealed, type SealedOptions } from 'nestjs-redis-streams/sealed';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { orders, secretKey, shop } from './keys.js';

/** A service with a letter of a call, and what its handler was given. */
async function withLetter(serving: SealedOptions = { ...orders, operators: ['operator'] }) {
  const service = new TestService();
  const given: unknown[] = [];
  const state = { broken: true };
  await service.serve(
    {
      messages: {
        pay: (data, context) => {
          if (state.broken) throw new DeadLetter('not now');
          given.push([data, context.getMetadata(), context.getCaller()]);
        },
      },
    },
    sealed(serving),
  );
  const client = service.client({ ...sealed(shop), headers: { user: 'me' } });
  await firstValueFrom(client.send('pay', { sum: 1 })).catch(() => undefined);
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
  const lettersOf = (options?: SealedOptions): DeadLetters => {
    const own = options === undefined ? {} : sealed(options);
    const letters = new DeadLetters({ ...service.address, group: 'service', ...own });
    onTestFinished(() => letters.close());
    return letters;
  };
  return { service, given, state, lettersOf };
}

const operator: SealedOptions = { name: 'operator', keys: [secretKey('k1')] };

test('an operator whom the service names puts one back, again and again, and the caller stays proven', async () => {
  const { service, given, state, lettersOf } = await withLetter();
  const letters = lettersOf(operator);
  const replay = async (): Promise<void> => {
    const {
      letters: [letter],
    } = await letters.page();
    expect(letter?.text).toMatch(/^1\.gcm\.k1\./);
    await letters.replay(letter?.id ?? '');
  };
  await replay();
  await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
  state.broken = false;
  await replay();
  await eventually(() => expect(given).toHaveLength(1));
  const caller = { name: 'shop', key: 'k1', proof: 'gcm', replayedBy: 'operator' };
  expect(given).toEqual([[{ sum: 1 }, { user: 'me' }, caller]]);
});

test('with new data the caller is the operator', async () => {
  const { given, state, lettersOf } = await withLetter();
  state.broken = false;
  const letters = lettersOf(operator);
  const {
    letters: [letter],
  } = await letters.page();
  await letters.replay(letter?.id ?? '', { data: { sum: 2 } });
  await eventually(() => expect(given).toHaveLength(1));
  expect(given).toEqual([
    [{ sum: 2 }, { user: 'me' }, { name: 'operator', key: 'k1', proof: 'gcm' }],
  ]);
});

test.each<[string, SealedOptions | undefined]>([
  ['without a key', undefined],
  ['with another name', { ...operator, name: 'shop' }],
])('somebody %s does not', async (_, options) => {
  const { service, given, state, lettersOf } = await withLetter();
  state.broken = false;
  const letters = lettersOf(options);
  const {
    letters: [letter],
  } = await letters.page();
  await letters.replay(letter?.id ?? '');
  await eventually(async () => {
    expect(await service.deadLetters()).toEqual([expect.objectContaining({ reason: 'untrusted' })]);
  });
  expect(given).toEqual([]);
});

test('new headers alone are refused: a letter is sealed with its own', async () => {
  const { lettersOf } = await withLetter();
  const letters = lettersOf(operator);
  const {
    letters: [letter],
  } = await letters.page();
  const replayed = letters.replay(letter?.id ?? '', { headers: { user: 'root' } });
  await expect(replayed).rejects.toMatchObject({ code: 'INVALID_MESSAGE' });
});

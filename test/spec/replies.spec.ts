import { RedisStreamsRecord } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { connect, entriesOf, fieldsOf, say } from '../docs/raw.js';
import { TestService } from '../support/test-service.js';
import { vectorsOf } from './vectors.js';

// A client of the library is answered by hand with the replies of each vector.

interface Vector {
  readonly name: string;
  readonly replies: readonly { instance: string; reply: readonly unknown[] }[];
  readonly values: readonly unknown[];
  readonly end: 'complete' | 'error' | 'fault';
  readonly error?: unknown;
  readonly code?: string;
  readonly outcome?: string;
}

test.each(vectorsOf<Vector>('replies.json'))('$name', async (vector) => {
  const { replies, values, end, error, code, outcome } = vector;
  const service = new TestService();
  const redis = connect(service.prefix);
  const client = service.client();
  const seen: unknown[] = [];
  let ended: { end: string; error?: unknown } | undefined;
  client.send('spec.replies', new RedisStreamsRecord(0, { whenNoConsumer: 'wait' })).subscribe({
    next: (value: unknown) => seen.push(value),
    complete: () => (ended = { end: 'complete' }),
    error: (thrown: unknown) => (ended = { end: 'error', error: thrown }),
  });
  const stream = `{${service.prefix}}:s:spec.replies`;
  await eventually(async () => expect(await entriesOf(redis, stream)).toHaveLength(1));
  const [[, flat] = ['', []]] = await entriesOf(redis, stream);
  const [, , call = '', caller = ''] = (fieldsOf(flat)['c'] ?? '').split(' ');
  const log = `{${service.prefix}}:r:${caller}`;
  for (const { instance, reply } of replies) {
    const frame = `1 ${instance} [${JSON.stringify([call, ...reply])}]`;
    const id = (await say(redis, `XADD ${log} * f`, frame)) as string;
    await say(redis, `SPUBLISH ${log}`, `${id} ${frame}`);
  }
  await eventually(() => expect(ended).toBeDefined());
  expect(seen).toEqual(values);
  if (end === 'fault') {
    expect(ended?.end).toBe('error');
    expect(ended?.error).toMatchObject({ code, outcome });
  } else expect(ended).toEqual(end === 'error' ? { end, error } : { end });
});

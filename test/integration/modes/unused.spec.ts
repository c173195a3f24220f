import { enqueueOneScript } from '../../../libs/redis-stream-transport/src/redis/operations/calling/enqueue-one.js';
import { promoteScript } from '../../../libs/redis-stream-transport/src/redis/operations/scheduling/promote.js';
import { eventually } from '../../../tools/wait.js';
import { monitor } from '../../support/monitor.js';
import { TestService } from '../../support/test-service.js';

// What `delay`, `messageId` and `keepResult` cost who does not use them.

test('a call and an event without a delay, a message id or a kept result are what they always were', async () => {
  const service = new TestService();
  const heard: unknown[] = [];
  await service.serve({
    messages: { work: (n: number) => n },
    events: { told: (n: unknown) => void heard.push(n) },
  });
  const client = await service.connected();
  // The first ones also ask what is asked once in a while.
  for (let n = 0; n < 3; n++) {
    await client.call('work', n);
    await client.tell('told', n);
  }
  await eventually(() => expect(heard).toHaveLength(3));
  const said: { readonly words: readonly string[]; readonly from: string }[] = [];
  await monitor(service.url, (words, from) => {
    if (words.some((word) => word.includes(service.prefix))) said.push({ words, from });
  });
  for (let n = 1; n <= 10; n++) {
    expect(await client.call('work', n)).toBe(n);
    await client.tell('told', n);
  }
  await eventually(() => expect(heard).toHaveLength(13));
  const sent = said.filter(({ words }) => words[1] === enqueueOneScript.sha);
  // A busy machine may let a turn have other company; one that is alone has these words and no other.
  expect(sent.length).toBeGreaterThan(10);
  for (const { words } of sent) {
    const [, , keys, , stream, ...rest] = words;
    const isCall = stream === service.stream('work');
    expect([keys, rest.length]).toEqual(['2', enqueueOneScript.args.length]);
    const header = isCall ? /^1 json \d+ [\w-]{22} \d+$/ : /^1 json - - 0$/;
    expect(rest[5]).toMatch(header);
    expect(rest[6]).toMatch(/^\d+$/);
  }
  const isExtra = (word: string): boolean => /:(?:later|when|sent|idem):/.test(word);
  // Instances look for what is due at their start, and every half a minute: this one word is theirs.
  const looks = said.filter(({ words }) => words[1] === promoteScript.sha);
  expect(looks.length).toBeLessThanOrEqual(3);
  const others = said.filter(({ words, from }) => from !== 'lua' && words[1] !== promoteScript.sha);
  expect(others.flatMap(({ words }) => words.filter(isExtra))).toEqual([]);
  // In scripts too: only these looks read such keys, and nothing writes them.
  const within = said.filter(({ words, from }) => from === 'lua' && words.some(isExtra));
  const names = new Set(within.map(({ words: [name = ''] }) => name.toLowerCase()));
  names.delete('zrangebyscore');
  expect([...names]).toEqual([]);
});

import { Bench, requestLine } from '../../support/brokers.js';

async function asked() {
  const bench = await Bench.open();
  const caller = await bench.caller();
  const add = (stream = 'a') => bench.add(stream, requestLine(caller.id));
  const decide = async (...entries: string[]) =>
    (await caller.broker.decide(entries.map((entry) => ({ stream: 'a', entry })))).fates;
  return { bench, caller, add, decide };
}

describe('the decide script', () => {
  it('deletes what no group was given: it will certainly not run', async () => {
    const { bench, add, decide } = await asked();
    const alone = await add();
    expect(await decide(alone)).toEqual([{ kind: 'not-run' }]);
    expect(await bench.ids('a')).toEqual([]);
    await bench.group().ensureGroup('a', 'r', false);
    await bench.group('other').ensureGroup('a', 'e', true);
    expect(await decide(await add())).toEqual([{ kind: 'not-run' }]);
    expect(await bench.hand('a', 'me')).toEqual([]);
  });

  it('leaves alone what some group was given, and names who has it', async () => {
    const { bench, add, decide } = await asked();
    await bench.group('first').ensureGroup('a', 'e', true);
    await bench.group().ensureGroup('a', 'r', false);
    const id = await add();
    await bench.hand('a', 'me');
    expect(await decide(id)).toEqual([{ kind: 'may', owner: 'me' }]);
    expect(await bench.ids('a')).toEqual([id]);
  });

  it('names nobody for what was given and is pending nowhere', async () => {
    const { bench, add, decide } = await asked();
    await bench.group().ensureGroup('a', 'r', false);
    const id = await add();
    await bench.hand('a', 'me');
    await bench.redis.xack(bench.keys.stream('a'), 'service', id);
    expect(await decide(id)).toEqual([{ kind: 'may', owner: undefined }]);
  });

  it('does not say that of what a group may have been given that is missing now', async () => {
    const { bench, add, decide } = await asked();
    await bench.group().ensureGroup('a', 'r', false);
    await bench.group('other').ensureGroup('a', 'e', true);
    const ids = [await add(), await add()];
    await bench.hand('a', 'me', 1);
    const stream = bench.keys.stream('a');
    await bench.redis.xgroup('DESTROY', stream, 'service');
    expect(await decide(...ids)).toEqual(ids.map(() => ({ kind: 'may', owner: undefined })));
    expect(await bench.ids('a')).toEqual(ids);
    // One that was gone long before the entry came does not count.
    const [ms] = ids[1]!.split('-');
    await bench.redis.hset(bench.keys.groups('a'), 'service', `${Number(ms) - 86_400_001} r 0-0`);
    expect(await decide(ids[1]!)).toEqual([{ kind: 'not-run' }]);
  });

  it('tells what is gone, each of a page by itself', async () => {
    const { bench, add, decide } = await asked();
    await bench.group().ensureGroup('a', 'r', false);
    const running = await add();
    await bench.hand('a', 'me');
    expect(await decide('1-1', running, await add())).toEqual([
      { kind: 'gone' },
      { kind: 'may', owner: 'me' },
      { kind: 'not-run' },
    ]);
  });

  it('tells the last record of the reply log, also when it was trimmed', async () => {
    const { bench, caller } = await asked();
    const log = bench.keys.log(caller.id);
    expect(await caller.broker.decide([])).toMatchObject({ lastFrame: '0-0' });
    const last = await bench.redis.xadd(log, '*', 'f', 'x');
    await bench.redis.xtrim(log, 'MAXLEN', 0);
    expect(await caller.broker.decide([])).toMatchObject({ lastFrame: last });
  });

  it('says which memory this is: another one after a restart or a lost group', async () => {
    const { bench, caller, add } = await asked();
    await add();
    const incarnation = async () => (await caller.broker.decide([])).incarnation;
    expect(await incarnation()).toBe(caller.incarnation);
    await bench.group().ensureGroup('a', 'r', false);
    const recreated = await incarnation();
    expect(recreated).not.toBe(caller.incarnation);
    await bench.redis.hset(bench.keys.incarnation(), 'run', 'another');
    const restarted = await incarnation();
    expect(restarted).not.toBe(recreated);
    await bench.redis.del(bench.keys.incarnation());
    expect(await incarnation()).not.toBe(restarted);
  });
});

describe('the abort script', () => {
  it('leaves notices and publishes them', async () => {
    const { bench, caller } = await asked();
    const heard: string[] = [];
    const subscriber = bench.redis.duplicate();
    subscriber.on('message', (_, text: string) => heard.push(text));
    await subscriber.subscribe(bench.keys.inbox('me'));
    await caller.broker.abort('me', ['one', 'two']);
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']));
    expect(await bench.redis.lrange(bench.keys.inbox('me'), 0, -1)).toEqual(['one', 'two']);
    subscriber.disconnect();
  });
});

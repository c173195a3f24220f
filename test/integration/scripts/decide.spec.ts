import { eventually } from '../../../tools/wait.js';
import { TestBrokers, requestLine } from '../../support/brokers.js';

async function asked() {
  const brokers = await TestBrokers.open();
  const caller = await brokers.caller();
  const add = (stream = 'a') => brokers.add(stream, requestLine(caller.id));
  const decide = async (...entries: string[]) =>
    (await caller.broker.decide(entries.map((entry) => ({ stream: 'a', entry })))).fates;
  return { brokers, caller, add, decide };
}

describe('the decide script', () => {
  it('deletes what no group was given: it will certainly not run', async () => {
    const { brokers, add, decide } = await asked();
    const alone = await add();
    expect(await decide(alone)).toEqual([{ kind: 'not-run' }]);
    expect(await brokers.ids('a')).toEqual([]);
    await brokers.group().ensureGroup('a', 'r', false);
    await brokers.group('other').ensureGroup('a', 'e', true);
    expect(await decide(await add())).toEqual([{ kind: 'not-run' }]);
    expect(await brokers.hand('a', 'me')).toEqual([]);
  });

  it('leaves alone what a group was given, and names the consumer that has it', async () => {
    const { brokers, add, decide } = await asked();
    await brokers.group('first').ensureGroup('a', 'e', true);
    await brokers.group().ensureGroup('a', 'r', false);
    const id = await add();
    await brokers.hand('a', 'me');
    expect(await decide(id)).toEqual([{ kind: 'may', owner: 'me' }]);
    expect(await brokers.ids('a')).toEqual([id]);
  });

  it('names no owner for what was given and is pending nowhere', async () => {
    const { brokers, add, decide } = await asked();
    await brokers.group().ensureGroup('a', 'r', false);
    const id = await add();
    await brokers.hand('a', 'me');
    await brokers.redis.xack(brokers.keys.stream('a'), 'service', id);
    expect(await decide(id)).toEqual([{ kind: 'may', owner: undefined }]);
  });

  it('does not say that of what a group may have been given that is missing now', async () => {
    const { brokers, add, decide } = await asked();
    await brokers.group().ensureGroup('a', 'r', false);
    await brokers.group('other').ensureGroup('a', 'e', true);
    const ids = [await add(), await add()];
    await brokers.hand('a', 'me', 1);
    const stream = brokers.keys.stream('a');
    await brokers.redis.xgroup('DESTROY', stream, 'service');
    expect(await decide(...ids)).toEqual(ids.map(() => ({ kind: 'may', owner: undefined })));
    expect(await brokers.ids('a')).toEqual(ids);
    // One that was gone long before the entry came does not count.
    const [ms] = ids[1]!.split('-');
    await brokers.redis.hset(
      brokers.keys.groups('a'),
      'service',
      `${Number(ms) - 86_400_001} r 0-0`,
    );
    expect(await decide(ids[1]!)).toEqual([{ kind: 'not-run' }]);
  });

  it('tells what is gone, each of a page by itself', async () => {
    const { brokers, add, decide } = await asked();
    await brokers.group().ensureGroup('a', 'r', false);
    const running = await add();
    await brokers.hand('a', 'me');
    expect(await decide('1-1', running, await add())).toEqual([
      { kind: 'gone' },
      { kind: 'may', owner: 'me' },
      { kind: 'not-run' },
    ]);
  });

  it('tells the last record of the reply log, also when it was trimmed', async () => {
    const { brokers, caller } = await asked();
    const log = brokers.keys.log(caller.id);
    expect(await caller.broker.decide([])).toMatchObject({ lastFrame: '0-0' });
    const last = await brokers.redis.xadd(log, '*', 'f', 'x');
    await brokers.redis.xtrim(log, 'MAXLEN', 0);
    expect(await caller.broker.decide([])).toMatchObject({ lastFrame: last });
  });

  it('says which memory this is: another one after a restart or a lost group', async () => {
    const { brokers, caller, add } = await asked();
    await add();
    const incarnation = async () => (await caller.broker.decide([])).incarnation;
    expect(await incarnation()).toBe(caller.incarnation);
    await brokers.group().ensureGroup('a', 'r', false);
    const recreated = await incarnation();
    expect(recreated).not.toBe(caller.incarnation);
    await brokers.redis.hset(brokers.keys.incarnation(), 'run', 'another');
    const restarted = await incarnation();
    expect(restarted).not.toBe(recreated);
    await brokers.redis.del(brokers.keys.incarnation());
    expect(await incarnation()).not.toBe(restarted);
  });
});

describe('the abort script', () => {
  it('leaves cancellations and publishes them', async () => {
    const { brokers, caller } = await asked();
    const heard: string[] = [];
    const subscriber = brokers.redis.duplicate();
    subscriber.on('smessage', (_, text: string) => heard.push(text));
    await subscriber.ssubscribe(brokers.keys.inbox('me'));
    await caller.broker.abort('me', ['one', 'two']);
    await eventually(() => expect(heard).toEqual(['one', 'two']));
    expect(await brokers.redis.lrange(brokers.keys.inbox('me'), 0, -1)).toEqual(['one', 'two']);
    subscriber.disconnect();
  });
});

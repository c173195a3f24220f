import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { ConfirmedReplies } from './confirmed-replies.js';

/** Messages that come, and questions to replicas that the test answers. */
function setup() {
  const clock = new FakeClock();
  const passed: string[] = [];
  const asked: ((isKept: boolean) => void)[] = [];
  const seen = { isSame: true, missed: 0, read: 0 };
  const replies = new ConfirmedReplies(clock, {
    confirm: () => new Promise((resolve) => asked.push(resolve)),
    isSameServer: () => seen.isSame,
    message: (text) => passed.push(text),
    missed: () => seen.missed++,
    read: () => seen.read++,
  });
  const answer = async (isKept: boolean) => {
    asked.shift()!(isKept);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { replies, clock, passed, asked, seen, answer };
}

describe('L25: replies that replicas do not have yet', () => {
  it('are passed on in order, when a question that was asked after they came is answered', async () => {
    const { replies, passed, answer } = setup();
    replies.message('a');
    replies.message('b');
    replies.message('c');
    await answer(true);
    expect(passed).toEqual(['a']);
    await answer(true);
    expect(passed).toEqual(['a', 'b', 'c']);
  });

  it('are asked about again', async () => {
    const { replies, passed, answer, clock, asked } = setup();
    replies.message('a');
    await answer(false);
    replies.message('b');
    expect(asked.length).toBe(0);
    clock.pass(50);
    await answer(true);
    expect(passed).toEqual(['a', 'b']);
  });

  it('are not asked about at another server', async () => {
    const { replies, passed, asked, seen, clock, answer } = setup();
    seen.isSame = false;
    replies.message('a');
    clock.pass(50);
    expect(asked.length).toBe(0);
    seen.isSame = true;
    clock.pass(50);
    await answer(true);
    expect(passed).toEqual(['a']);
  });

  it('are dropped with a connection, and read from the log', async () => {
    const { replies, passed, seen, answer } = setup();
    replies.message('a');
    replies.drop();
    expect(seen.missed).toBe(1);
    replies.message('b');
    // This answer is about what was dropped.
    await answer(true);
    expect(passed).toEqual([]);
    await answer(true);
    expect(passed).toEqual(['b']);
  });

  it('are read from the log when too many wait', () => {
    const { replies, seen } = setup();
    for (let i = 0; i < 10_000; i++) replies.message('a');
    expect(seen).toMatchObject({ missed: 0, read: 0 });
    replies.message('a');
    expect(seen).toMatchObject({ missed: 1, read: 1 });
  });
});

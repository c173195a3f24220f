import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { Patience } from './patience.js';

/** Waits until all callbacks of settled promises have run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function patience() {
  const clock = new FakeClock();
  const redis = { refuses: (_name: string): boolean => true };
  const asked: string[] = [];
  const answers: (string | undefined)[] = [];
  const eased = vi.fn();
  const it = new Patience(clock, eased);
  const wish = (name: string, isWanted = () => true): void => {
    const operation = async () => {
      asked.push(name);
      return redis.refuses(name) ? undefined : name;
    };
    void it.until(isWanted, operation).then((answer) => answers.push(answer));
  };
  const pass = async (ms: number): Promise<number> => {
    const before = asked.length;
    for (let done = 0; done < ms; done += 50) {
      clock.pass(50);
      await turn();
    }
    return asked.length - before;
  };
  return { it, clock, redis, asked, answers, eased, wish, pass };
}

describe('what Redis refuses', () => {
  it('is asked for at once, and again until there is an answer', async () => {
    const { it: patient, redis, asked, answers, eased, wish, pass } = patience();
    wish('a');
    expect(asked).toEqual(['a']);
    await pass(400);
    expect(asked).toEqual(['a', 'a']);
    redis.refuses = () => false;
    await pass(1000);
    expect(answers).toEqual(['a']);
    expect([patient.size, eased.mock.calls.length]).toEqual([0, 1]);
    await expect(patient.settled()).resolves.toBeUndefined();
  });

  it('costs one timer, and Redis a few commands in growing pauses, however many wait', async () => {
    const { it: patient, clock, asked, wish, pass } = patience();
    for (let i = 0; i < 10_000; i++) wish(String(i));
    await turn();
    // The most that are on their way before enough are refused.
    expect(asked.length).toBeLessThanOrEqual(256 + 32);
    expect(clock.timers).toBe(1);
    await pass(20_000);
    const later = await pass(60_000);
    expect(later).toBeGreaterThan(32);
    expect(later).toBeLessThanOrEqual(12 * 32);
    expect([clock.timers, patient.size]).toEqual([1, 10_000]);
  });

  it('is tried again page after page once Redis accepts it', async () => {
    const { redis, answers, wish, pass } = patience();
    for (let i = 0; i < 1000; i++) wish(String(i));
    await pass(60_000);
    redis.refuses = () => false;
    await pass(5000);
    expect(answers).toHaveLength(1000);
  });

  it('does not delay what Redis accepts', async () => {
    const { redis, answers, wish, pass } = patience();
    redis.refuses = (name) => name.startsWith('bad');
    for (let i = 0; i < 100; i++) wish(`bad ${i}`);
    await pass(5000);
    for (let i = 0; i < 100; i++) wish(`good ${i}`);
    await pass(5000);
    expect(answers).toHaveLength(100);
    // From then on they do not wait for a pause.
    wish('good');
    await turn();
    expect(answers).toHaveLength(101);
  });

  it('is not asked for when it is not wanted any more', async () => {
    const { it: patient, clock, asked, answers, wish, pass } = patience();
    let wanted = true;
    wish('a', () => wanted);
    wish('b');
    await turn();
    wanted = false;
    await pass(300);
    expect(asked.filter((name) => name === 'a')).toHaveLength(1);
    patient.drop();
    await turn();
    expect(answers).toEqual([undefined, undefined]);
    expect([patient.size, clock.timers]).toEqual([0, 0]);
  });
});

import { eventually, lookFor, pause } from '../../tools/wait.js';

it('returns what the assertion returns once it holds', async () => {
  let looks = 0;
  const value = await eventually(() => {
    expect(++looks).toBeGreaterThan(2);
    return 'seen';
  });
  expect([value, looks]).toEqual(['seen', 3]);
});

it('rejects with the last failure when the time is over', async () => {
  let looks = 0;
  const waiting = eventually(() => Promise.reject(new Error(`look ${++looks}`)), 60, 5);
  await expect(waiting).rejects.toThrow(/^look \d+$/);
  expect(looks).toBeGreaterThan(1);
});

it('does not look again once it has given up', async () => {
  let looks = 0;
  const waiting = eventually(() => Promise.reject(new Error(`look ${++looks}`)), 30, 1);
  await expect(waiting).rejects.toThrow('look');
  const before = looks;
  await pause(20);
  expect(looks).toBe(before);
});

it('ends in time although the assertion never does', async () => {
  await expect(eventually(() => new Promise(() => {}), 20)).rejects.toThrow(
    'not finished after 20 ms',
  );
});

it('says nothing of an assertion that fails after the time', async () => {
  const heard: unknown[] = [];
  const note = (reason: unknown) => void heard.push(reason);
  process.on('unhandledRejection', note);
  let fail = (): void => {};
  const late = () => new Promise((_, reject) => (fail = () => reject(new Error('late'))));
  await expect(eventually(late, 10)).rejects.toThrow('not finished');
  fail();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(heard).toEqual([]);
});

it('has no timer that an assertion about open handles would see', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  let looks = 0;
  await eventually(() => {
    expect(timers()).toBeLessThanOrEqual(before);
    expect(++looks).toBeGreaterThan(2);
  });
});

it('finds what counts as true, or nothing within the time', async () => {
  let looks = 0;
  expect(await lookFor(() => (++looks > 2 ? looks : 0), 10_000, 1)).toBe(3);
  expect(await lookFor(() => false, 10, 1)).toBeUndefined();
});

import { judgeWork } from './judge-work.js';
import type { Overview } from './read-overview.js';

/** What is said of a stream in which the oldest entry waits for two minutes. */
function adviceOn(stream: string) {
  const group = { group: 'orders', instances: 1, unread: 3, pending: 0, retries: 0, running: 0 };
  const groups = [{ ...group, oldestFor: 120_000, given: 1 }];
  const streams = [{ stream, shard: 0, length: 3, groups }];
  return judgeWork({ services: [], backlog: { streams, deadLetters: {} } } as unknown as Overview);
}

it('says of a class that is left who reads it', () => {
  const classes = expect.stringContaining('only instances with "priorities" read') as string;
  const usual = { severity: 'warning', code: 'BEHIND' };
  expect(adviceOn('orders|1')).toMatchObject([{ ...usual, advice: classes }]);
  const advice = 'add instances or concurrency, or find out what is slow (pending)';
  expect(adviceOn('orders')).toMatchObject([{ ...usual, advice }]);
});

it('says that versions are mixed where they are of one language', () => {
  const mixedOf = (...libraries: (string | undefined)[]) => {
    const instances = libraries.map((library) => ({ facts: library && { library } }));
    const services = [{ service: 'orders', instances, paused: [] }];
    const backlog = { streams: [], deadLetters: {} };
    return judgeWork({ services, backlog } as unknown as Overview).map(({ found }) => found);
  };
  const said = 'its instances have different versions of the library: ';
  expect(mixedOf('0.1.0', 'python 0.1.0', '0.1.0')).toEqual([]);
  expect(mixedOf('0.2.0', 'python 0.1.0', '0.1.0')).toEqual([`${said}0.1.0, 0.2.0`]);
  expect(mixedOf('python 0.2.0', 'python', '0.1.0')).toEqual([`${said}python, python 0.2.0`]);
  expect(mixedOf('0.1.0', undefined)).toEqual([`${said}0.1.0, one that does not say`]);
});

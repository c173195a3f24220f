// The same under Jest.
import 'reflect-metadata';
import { check } from './check.js';

test('works under Jest', async () => {
  expect(await check(process.env.CONSUMER_REDIS ?? '')).toContain('contract');
}, 30_000);

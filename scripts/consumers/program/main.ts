// Runs the checks with the Redis of CONSUMER_REDIS.
import 'reflect-metadata';
import { check } from './check.js';

check(process.env.CONSUMER_REDIS ?? '').then(
  (seen) => console.log(seen.join(', ')),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);

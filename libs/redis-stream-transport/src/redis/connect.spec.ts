import type { Redis } from 'ioredis';
import { createConnection } from './connect.js';

const sentinels = { sentinels: [{ host: 'a', port: 1 }], name: 'main' };
const optionsOf = (options: object, leads: boolean): Redis['options'] => {
  const connection = createConnection({ kind: 'single', options }, { leads });
  connection.disconnect();
  return connection.options;
};

describe('failoverDetector', () => {
  it('hears of failovers from the Sentinels, on the connection that leads the others', () => {
    expect(optionsOf(sentinels, true).failoverDetector).toBe(true);
    expect(optionsOf(sentinels, false).failoverDetector).toBe(false);
  });

  it('is as the user says', () => {
    expect(optionsOf({ ...sentinels, failoverDetector: false }, true).failoverDetector).toBe(false);
  });
});

it('never connects anew by itself, and asks the Sentinels once for each attempt', () => {
  const { retryStrategy, sentinelRetryStrategy } = optionsOf(sentinels, true);
  expect(retryStrategy?.(1)).toBeNull();
  expect(sentinelRetryStrategy?.(1)).toBeNull();
});

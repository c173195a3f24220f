import fc from 'fast-check';
import { RedisStreamsError } from '../errors.js';
import { REDIS_OPTION_NAMES } from './redis-target.js';
import { resolveServerOptions } from './resolve.js';
import { SERVER_TABLE, type RedisStreamsServerOptions } from './server-options.js';

const resolve = (raw: unknown) => resolveServerOptions(raw as RedisStreamsServerOptions);

const NAMES = [...Object.keys(SERVER_TABLE), ...REDIS_OPTION_NAMES];

const validOptions = fc.record(
  {
    prefix: fc.stringMatching(/^[a-z:]{1,20}$/),
    group: fc.stringMatching(/^[a-z-]{1,20}$/),
    concurrency: fc.integer({ min: 1, max: 100_000 }),
    leaseTtl: fc.integer({ min: 500, max: 600_000 }),
    drainTimeout: fc.integer({ min: 0, max: 3_600_000 }),
    history: fc.boolean(),
    retry: fc.record({ attempts: fc.integer({ min: 1, max: 1000 }) }, { requiredKeys: [] }),
    shards: fc.integer({ min: 1, max: 256 }),
    host: fc.domain(),
    port: fc.integer({ min: 1, max: 65_535 }),
    password: fc.string(),
    wildcards: fc.boolean(),
  },
  { requiredKeys: [] },
);

it('takes every combination of valid options, keeps what was given, and freezes it', () => {
  fc.assert(
    fc.property(validOptions, (raw) => {
      const before = structuredClone(raw);
      const { redis, ...resolved } = resolve(raw);
      const { host, port, password, retry, ...own } = raw;
      expect(resolved).toMatchObject({ ...own, retry: retry ?? {} });
      expect(redis).toEqual({
        kind: 'single',
        options: JSON.parse(JSON.stringify({ host, port, password })),
      });
      expect(Object.isFrozen(resolved.retry)).toBe(true);
      expect(raw).toEqual(before);
    }),
  );
});

it('refuses every unknown name, whatever stands beside it, with a suggestion that is known', () => {
  const slip = fc
    .tuple(fc.constantFrom(...NAMES), fc.nat(60))
    .map(([name, at]) => name.slice(0, at % name.length) + name.slice((at % name.length) + 1));
  const stray = fc.oneof(slip, fc.string()).filter((name) => !NAMES.includes(name));
  fc.assert(
    fc.property(validOptions, stray, fc.anything(), (raw, name, value) => {
      const mixed = Object.defineProperty({ ...raw }, name, { value, enumerable: true });
      try {
        resolve(mixed);
      } catch (error) {
        expect(error).toBeInstanceOf(RedisStreamsError);
        const { message } = error as Error;
        expect(message).toContain(`unknown option "${name.slice(0, 64)}"`);
        const suggested = /did you mean "(\w+)"/.exec(message)?.[1];
        if (suggested !== undefined) expect(NAMES).toContain(suggested);
        return;
      }
      throw new Error(`${name} was taken`);
    }),
  );
});

it('fails with INVALID_OPTION or not at all, whatever it is given', () => {
  const names = fc.constantFrom(...NAMES);
  const anything = fc.oneof(fc.anything(), fc.dictionary(names, fc.anything(), { maxKeys: 4 }));
  fc.assert(
    fc.property(anything, (raw) => {
      try {
        expect(Object.isFrozen(resolve(raw))).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_OPTION' });
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

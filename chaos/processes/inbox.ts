// A side effect outside of the transport, made idempotent as the manual advises: the id of the call and
// the effect are written in one transaction.
import { Redis } from 'ioredis';

const script = `
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then return 0 end
return redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
`;

/** Where effects are kept. */
export interface EffectsPlace {
  readonly url: string;
  readonly key: string;
}

export function inbox({ url, key }: EffectsPlace): (id: string) => Promise<unknown> {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  return (id) => redis.eval(script, 2, `${key}:inbox`, `${key}:effects`, id);
}

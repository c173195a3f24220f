// Looks at the leases a few times per second, to find false take-overs: the lease could not have expired by
// Redis' own clock, and its owner had not left.
import { now } from '../kit/time.js';
import { tags, type Inspected } from './inspection.js';

const every = 150;

const script = `
local t = redis.call('TIME')
local answer = { t[1] .. string.format('%06d', t[2]) }
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  answer[#answer + 1] = key
  answer[#answer + 1] = redis.call('GET', key)
  answer[#answer + 1] = tostring(redis.call('PTTL', key))
end
return answer
`;

/** A lease, as it was at the last look. */
interface Sighting {
  readonly value: string;
  /** Milliseconds. */
  readonly ttl: number;
  /** By the clock of Redis, in milliseconds. */
  readonly redisTime: number;
}

/** @returns a function that stops the watch */
export function watchLeases({ redis, plan, log }: Inspected): () => void {
  const known = new Map<string, Sighting>();
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const answer = await redis.admin.eval(script, 0, `${tags(plan.prefix)}:lease:*`);
      const [micros, ...found] = answer as string[];
      const redisTime = Number(micros) / 1000;
      for (let i = 0; i < found.length; i += 3) {
        const [key = '', value = ''] = found.slice(i, i + 2);
        const ttl = Number(found[i + 2]);
        const before = known.get(key);
        if (before !== undefined && before.value !== '+' && value === '+') {
          const consumer = key.slice(key.lastIndexOf(':') + 1);
          // The rest of the lease at the last look, minus the time since.
          const left = before.ttl - (redisTime - before.redisTime);
          log.write({ k: 'revoked', consumer, left: Math.round(left), t: now() });
        }
        known.set(key, { value, ttl, redisTime });
      }
    } catch {
      // Redis is away, or busy loading.
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), every);
  return () => clearInterval(timer);
}

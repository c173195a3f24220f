import type { ServiceInstance } from '../directory/service-directory.js';
import { bucketsIn } from '../../protocol/durations.js';
import type { MethodCounts } from './tally.js';

/** What an instance says of a contract that it serves. */
export interface ContractFacts {
  readonly version: string;
  /** Of its schema; undefined if it could not be described. */
  readonly hash: string | undefined;
  /** Whether it insists that clients fit, whatever they check. */
  readonly force: boolean;
  /** Milliseconds since its server was made. */
  readonly uptime: number;
  /** Of methods that were called. */
  readonly methods: Readonly<Record<string, MethodCounts>>;
}

/** What an instance says of its contract; undefined if it announces something else. */
export function factsOf({ about }: ServiceInstance): ContractFacts | undefined {
  const { version, hash, force, uptime, methods } = propertiesOf(about);
  if (typeof version !== 'string') return undefined;
  const counts = Object.entries(propertiesOf(methods));
  return {
    version,
    hash: typeof hash === 'string' ? hash : undefined,
    force: force === true,
    uptime: amount(uptime),
    methods: Object.fromEntries(counts.map(([name, said]) => [name, countsOf(said)])),
  };
}

function countsOf(said: unknown): MethodCounts {
  const { calls, errors, inFlight, durations } = propertiesOf(said);
  return {
    calls: amount(calls),
    errors: amount(errors),
    inFlight: amount(inFlight),
    durations: bucketsIn(durations),
  };
}

function propertiesOf(said: unknown): Readonly<Record<string, unknown>> {
  return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
}

function amount(said: unknown): number {
  return typeof said === 'number' ? said : 0;
}

import type { MethodCounts } from './tally.js';
import type { ServiceInstance } from '../directory/service-directory.js';

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

/** What an instance says, if it speaks of a contract at all: others may announce what they like. */
export function factsOf({ about }: ServiceInstance): ContractFacts | undefined {
  if (typeof about !== 'object' || about === null) return undefined;
  const { version, hash, force, uptime, methods } = about as Partial<ContractFacts>;
  if (typeof version !== 'string') return undefined;
  return {
    version,
    hash: typeof hash === 'string' ? hash : undefined,
    force: force === true,
    uptime: uptime ?? 0,
    methods: methods ?? {},
  };
}

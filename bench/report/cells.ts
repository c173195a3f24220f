// What was measured: a load, who did it, and what came out. Nothing here needs the packages of this folder.
import type { PayloadName } from '../harness/payloads.js';

/** What was done, whoever did it. */
export interface Load {
  mode: string;
  load: 'closed' | 'open' | 'events';
  pattern: string;
  payload: PayloadName;
  /** Calls in flight; of each caller, where there are several. */
  concurrency?: number;
  rate?: number;
  /** Service processes. */
  instances: number;
  /** Clients with connections of their own; not there in modes that have one. */
  callers?: number;
}

/** One measurement. */
export interface Cell extends Load {
  peer: string;
  round: number;
  seconds: number;
  calls: number;
  callsPerSecond: number;
  p50ms: number | null;
  p99ms: number | null;
  p999ms: number | null;
  maxMs: number | null;
  cpuPer10k: number;
  /** per 10,000 calls */
  cpu: { client: number; service: number; broker: number };
  rssMb: { client: number; service: number; broker: number | null };
  errors: number;
  skipped: number;
  unanswered: number;
  perService: number[];
}

export type Key = Record<string, string | number | boolean>;

/** Figures of our own that are not beside a peer's. */
export interface Fact {
  mode: string;
  key: Key;
  values: Record<string, number>;
}

export const keyText = (key: Key): string =>
  Object.entries(key)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** What was done, without who did it and when. */
export function nameOf({
  mode,
  load,
  payload,
  concurrency,
  rate,
  instances,
  callers,
}: Load): string {
  const services = instances > 1 ? 'services' : 'service';
  const size = payload === '100B' ? '' : `, ${payload}`;
  const processes = mode === 'instances' || instances > 1 ? `, ${instances} ${services}` : '';
  if (load === 'open') return `${rate} calls/s${size}`;
  if (load === 'events') return 'events';
  if (callers !== undefined)
    return `${callers} caller${callers > 1 ? 's' : ''}, ${concurrency} in flight each${size}${processes}`;
  return `${concurrency} in flight${size}${processes}`;
}

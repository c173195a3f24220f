// What a failover may have lost: what the former primary had written and the replica that took over had not received,
// counted from its offset.
import type { Call, FaultSeen, Model, OffsetSeen, Violation } from './seen.js';

/** Milliseconds for which a call that is on its way may be stored (rule L3 of the transport). */
const MAX_AGE = 2000;
/** Milliseconds after another primary was seen until everybody uses it. */
const TURNS = 250;

/**
 * The time until which the replica had received everything: that of the last look at which the former primary had not
 * written more. When it comes back later it begins at 0 again, which says nothing.
 */
export function receivedUntil(
  offsets: readonly OffsetSeen[],
  { former, received = NaN, to }: FaultSeen,
): number | undefined {
  const looks = offsets.filter(
    ({ port, offset, t }) => port === former && offset <= received && t <= to,
  );
  return looks.length === 0 ? undefined : Math.max(...looks.map(({ t }) => t));
}

/**
 * Whether a failover may have lost something of a call: that it was stored, that it was handed out, or that it was
 * settled. Each of these was written between two moments that the histories know; one of them must be after the moment
 * until which the replica had received everything. What a call that was made afterwards had written is on the next primary.
 */
export function mayHaveLost({ start, ends, executions }: Call, fault: FaultSeen): boolean {
  const { receivedUntil: known, to, ceased = Infinity } = fault;
  if (known === undefined || start > to + TURNS) return false;
  const writtenBetween = (from: number, until: number) => from <= ceased && until > known;
  // What was on its way when the former primary stood still may be stored there when it goes on.
  if (executions.length === 0) return start + MAX_AGE > Math.min(known, fault.from);
  const end = ends[0]?.t ?? Infinity;
  return executions.some(
    ({ begin, finish }) => writtenBetween(start, begin) || writtenBetween(finish, end),
  );
}

/** A failover of which is not known what was received excuses nothing, and says nothing. */
export function* unknownOffsets({ faults }: Model): Generator<Violation> {
  for (const { what, from, excuses, receivedUntil: known } of faults) {
    if (excuses !== 'unreceived' || known !== undefined) continue;
    yield { rule: 'I4', text: `nobody knows what the replica had received at ${what} at ${from}` };
  }
}

/**
 * Calls that ended with an error, although no failover may have lost anything of them. While a master has no replica and
 * what counts as stored must be on one, a call may end so.
 */
export function* unexcused({ calls, faults }: Pick<Model, 'calls' | 'faults'>): Generator<Call> {
  for (const call of calls.values()) {
    const [end] = call.ends;
    if (end?.o !== 'fault') continue;
    const lacked = ({ kept, from, restored = Infinity }: FaultSeen) =>
      kept && call.start <= restored && end.t >= from;
    if (!faults.some((fault) => lacked(fault) || mayHaveLostAgain(call, fault, faults))) yield call;
  }
}

/** What an earlier failover had lost is stored again at a time that nobody knows. */
function mayHaveLostAgain(call: Call, fault: FaultSeen, faults: readonly FaultSeen[]): boolean {
  if (mayHaveLost(call, fault)) return true;
  if (fault.receivedUntil === undefined || call.executions.length > 0) return false;
  const end = call.ends[0]?.t ?? Infinity;
  const cut = faults.some(
    ({ cuts, from, to }) =>
      cuts !== undefined && from < fault.from && from <= call.start + MAX_AGE && to >= call.start,
  );
  return cut && call.start <= fault.to && end > fault.receivedUntil;
}

import type { DiagnosticsName, DiagnosticsSource } from './messages.js';

/** Who tells a message: clients, servers, or both. */
const TELLERS: Readonly<Record<DiagnosticsName, 'client' | 'server' | 'both'>> = {
  'call.sent': 'client',
  'call.stored': 'client',
  'call.answered': 'client',
  'call.ended': 'client',
  'reply.late': 'client',
  'event.sent': 'client',
  'event.ended': 'client',
  'entry.read': 'server',
  'entry.started': 'server',
  'entry.aborted': 'server',
  'entry.ended': 'server',
  'entry.retried': 'server',
  'entry.dead': 'server',
  'message.untrusted': 'both',
  'entries.taken-over': 'server',
  'lease.lost': 'server',
  'group.lost': 'server',
  'group.healed': 'server',
  'pattern.paused': 'server',
  'pattern.resumed': 'server',
  'retries.full': 'server',
  'retries.eased': 'server',
  draining: 'server',
  'connection.made': 'both',
  'connection.lost': 'both',
  'connection.failed': 'both',
};

/** All names, for those who listen to everything. */
export const DIAGNOSTICS: readonly DiagnosticsName[] = Object.freeze(
  Object.keys(TELLERS) as DiagnosticsName[],
);

/** The names that a client or a server tells. */
export function namesOf(role: DiagnosticsSource['role']): DiagnosticsName[] {
  return DIAGNOSTICS.filter((name) => TELLERS[name] === role || TELLERS[name] === 'both');
}

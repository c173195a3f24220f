import type { LinkObserver } from '../../redis/link.js';
import type { Diagnostics } from './diagnostics.js';
import type { DiagnosticsSource } from './messages.js';

/** Tells what happens to the connections of a client or server. */
export function connectionDiagnostics(
  { topics }: Diagnostics,
  source: DiagnosticsSource,
): LinkObserver {
  const { 'connection.made': made, 'connection.lost': lost, 'connection.failed': failed } = topics;
  return {
    ready: (connection) => {
      if (made.isHeard) made.tell({ source, connection });
    },
    closed: (connection, reason) => {
      if (lost.isHeard) lost.tell({ source, connection, reason });
    },
    failed: (connection, error, attempt) => {
      if (failed.isHeard) failed.tell({ source, connection, error, attempt });
    },
  };
}

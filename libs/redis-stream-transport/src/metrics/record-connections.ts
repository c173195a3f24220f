import type { ConnectionMade } from '../engine/diagnostics/messages.js';
import type { InstrumentName } from './instruments.js';
import type { Heard } from './listening.js';
import type { Tallies } from './tallies.js';

/** Records what becomes of connections. */
export function recordConnections(tallies: Tallies): Heard {
  const note =
    (name: InstrumentName) =>
    ({ source, connection }: ConnectionMade): void => {
      tallies.count(name, [source.role, connection]).value++;
    };
  return {
    'connection.made': note('connections_made'),
    'connection.lost': note('connections_lost'),
    'connection.failed': note('connections_failed'),
  };
}

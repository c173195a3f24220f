import type { Heard } from './listening.js';
import type { Tallies } from './tallies.js';

/** Records what clients and servers refuse of what should be sealed. */
export function recordUntrusted(tallies: Tallies): Heard {
  return {
    'message.untrusted': ({ source, reason }) => {
      tallies.count('untrusted_messages', [source.role, reason]).value++;
    },
  };
}

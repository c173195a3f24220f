import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticsMessages, DiagnosticsName } from '../engine/diagnostics/messages.js';
import { CHANNEL_PREFIX } from '../engine/diagnostics/topic.js';

/** What is done with messages of these names. Must not throw: Node would end the process. */
export type Heard = {
  readonly [Name in DiagnosticsName]?: (message: DiagnosticsMessages[Name]) => void;
};

/** Listens to all clients and servers of this process. Returns what ends that. */
export function listen(...all: readonly Heard[]): () => void {
  const ends = all.flatMap((heard) =>
    Object.entries(heard).map(([name, told]) => {
      const channel = CHANNEL_PREFIX + name;
      const listener = told as (message: unknown) => void;
      subscribe(channel, listener);
      return () => unsubscribe(channel, listener);
    }),
  );
  return () => {
    for (const end of ends) end();
  };
}

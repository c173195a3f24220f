import type { DiagnosticsMessages, DiagnosticsName } from './messages.js';
import { DIAGNOSTICS } from './names.js';
import { Topic, type Listener } from './topic.js';

export type Topics = { readonly [Name in DiagnosticsName]: Topic<DiagnosticsMessages[Name]> };

/** What one client or server tells, by name. */
export class Diagnostics {
  readonly topics: Topics;

  /** @param complain gets what a listener throws */
  constructor(complain: (error: unknown) => void) {
    const topics = DIAGNOSTICS.map((name) => [name, new Topic<never>(name, complain)]);
    this.topics = Object.fromEntries(topics) as Topics;
  }

  on<Name extends DiagnosticsName>(
    name: Name,
    listener: Listener<DiagnosticsMessages[Name]>,
  ): void {
    this.topics[name].add(listener);
  }
}

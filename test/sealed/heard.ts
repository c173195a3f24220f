import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticsMessages } from 'nestjs-redis-streams/diagnostics';
import { onTestFinished } from 'vitest';

/** What is told of messages that are not trusted, until the test ends. */
export function untrustedMessages(): DiagnosticsMessages['message.untrusted'][] {
  const told: DiagnosticsMessages['message.untrusted'][] = [];
  const hear = (message: unknown): void => {
    told.push(message as DiagnosticsMessages['message.untrusted']);
  };
  const channel = 'nestjs-redis-streams:message.untrusted';
  subscribe(channel, hear);
  onTestFinished(() => void unsubscribe(channel, hear));
  return told;
}

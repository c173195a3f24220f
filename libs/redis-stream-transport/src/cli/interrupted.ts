import { once } from 'node:events';

/** Resolves when somebody wants the command to end. */
export function interrupted(): Promise<unknown> {
  return Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

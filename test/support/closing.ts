import { onTestFinished } from 'vitest';

/** Closes when the test ends, last opened first. */
export function closing<T extends { close(): unknown }>(opened: T): T {
  onTestFinished(async () => {
    await opened.close();
  });
  return opened;
}

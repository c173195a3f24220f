import { vi } from 'vitest';

/** Makes calls at one time: a machine that stands still meanwhile would part their deadlines, and their packs. */
export function atOnce<T>(make: () => T): T {
  const still = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  const made = make();
  still.mockRestore();
  return made;
}

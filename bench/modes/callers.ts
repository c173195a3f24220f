// Many callers, each with connections of its own: what is shared between calls of one caller is not shared between
// calls of several. Nest's Redis transport hands every reply to every caller, who looks whether it is meant.
import { compareCalls } from '../harness/teams.js';
import type { Mode } from './mode.js';

export const run: Mode['run'] = async (options, results) => {
  for (const callers of options.callers) {
    const cases = options.each.map((concurrency) => ({
      load: 'closed' as const,
      pattern: 'echo',
      payload: '100B' as const,
      concurrency,
      callers,
    }));
    await compareCalls(options, results, 'callers', cases, { settings: { callers } });
  }
};

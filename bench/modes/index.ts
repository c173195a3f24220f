// What can be measured. Each module has `run(options, context)`.
import type { Options } from '../options.js';
import type { Results } from '../report/results.js';

export type Mode = { run(options: Options, results: Results): Promise<void> };

export const MODES: Readonly<Record<string, () => Promise<Mode>>> = {
  closed: () => import('./closed.js'),
  open: () => import('./open.js'),
  payload: () => import('./payload.js'),
  events: () => import('./events.js'),
  instances: () => import('./instances.js'),
  growth: () => import('./growth.js'),
  recovery: () => import('./recovery.js'),
  idle: () => import('./idle.js'),
  soak: () => import('./soak.js'),
};

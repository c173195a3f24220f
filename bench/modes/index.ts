// What can be measured. Each module has `run(options, context)`.

/** @typedef {import('../options.mjs').Options} Options */
/** @typedef {import('../report/results.mjs').Results} Results */
/** @typedef {{ run(options: Options, results: Results): Promise<void> }} Mode */

/** @type {Readonly<Record<string, () => Promise<Mode>>>} */
export const MODES = {
  closed: () => import('./closed.mjs'),
  open: () => import('./open.mjs'),
  payload: () => import('./payload.mjs'),
  events: () => import('./events.mjs'),
  instances: () => import('./instances.mjs'),
  growth: () => import('./growth.mjs'),
  recovery: () => import('./recovery.mjs'),
  idle: () => import('./idle.mjs'),
  soak: () => import('./soak.mjs'),
};

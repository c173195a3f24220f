// What can be measured. Each module has `run(options, context)`.
import type { Mode } from './mode.js';

export const MODES: Readonly<Record<string, () => Promise<Mode>>> = {
  closed: () => import('./closed.js'),
  open: () => import('./open.js'),
  callers: () => import('./callers.js'),
  payload: () => import('./payload.js'),
  events: () => import('./events.js'),
  instances: () => import('./instances.js'),
  growth: () => import('./growth.js'),
  recovery: () => import('./recovery.js'),
  idle: () => import('./idle.js'),
  soak: () => import('./soak.js'),
};

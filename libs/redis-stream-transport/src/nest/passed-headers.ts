import { currentScope, type DeadlineScope } from '../engine/deadline-scope.js';
import type { Headers } from '../options/index.js';

/** Headers of the messages that handlers run for. */
const received = new WeakMap<DeadlineScope, Headers>();
/** A client of this process passes headers on. */
let isOn = false;

/** From now on runs are noted; called when a client is made that passes headers on. Others pay nothing. */
export function enablePassing(): void {
  isOn = true;
}

/** Notes what a handler is about to run with. */
export function noteHeaders(scope: DeadlineScope, headers: Headers | undefined): void {
  if (isOn && headers !== undefined) received.set(scope, headers);
}

/** Those of these headers that the message of the running handler has; undefined: none, or no handler runs. */
export function passedHeaders(names: readonly string[]): Headers | undefined {
  const scope = currentScope();
  const all = scope === undefined ? undefined : received.get(scope);
  if (all === undefined) return undefined;
  const passed = names.flatMap((name) => {
    const value = Object.hasOwn(all, name) ? all[name] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return passed.length === 0 ? undefined : Object.fromEntries(passed);
}

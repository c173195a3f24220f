import type { LeaseLost } from '../../redis/owner.js';
import type { Store } from './store.js';

/** Why an operation must not be done: the lease is gone, or another owner's; undefined: it may. */
export function fenced(
  store: Store,
  { lease, token }: { readonly lease: string; readonly token: string },
): LeaseLost | undefined {
  const held = store.text(lease);
  if (held === undefined) return 'missing';
  return held === token ? undefined : 'fenced';
}

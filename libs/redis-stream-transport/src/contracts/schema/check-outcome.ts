import type { ContractComparison } from './compare-contracts.js';

/** Findings that are printed at most. */
const MAX_LINES = 100;

/** What a client does about a server whose contract does not fit. */
export type CheckMode = 'off' | 'warn' | 'strict';

export interface CheckOutcome {
  /** `fail`: the client must not start. */
  readonly action: 'pass' | 'warn' | 'fail';
  /** What to print, a line per finding; empty if there is nothing to say. */
  readonly lines: readonly string[];
}

/**
 * What follows from a comparison.
 * @param mode the client's
 * @param comparison undefined if no server is there, which is never more than a warning
 * @param force whether the server insists that its clients fit, whatever their mode is
 */
export function checkOutcome(
  mode: CheckMode,
  comparison: ContractComparison | undefined,
  force = false,
): CheckOutcome {
  if (comparison === undefined) {
    if (mode === 'off') return { action: 'pass', lines: [] };
    return {
      action: 'warn',
      lines: ['no server is there to compare with; it is compared when one is'],
    };
  }
  const { breaking, notCompared, contract, clientVersion, serverVersion } = comparison;
  const unknown =
    notCompared.length === 0 ? [] : [`${contract}: not compared: ${list(notCompared)}`];
  if (mode === 'off' && !force) return { action: 'pass', lines: [] };
  if (breaking.length === 0) {
    return { action: unknown.length === 0 ? 'pass' : 'warn', lines: unknown };
  }
  const head = `${contract}: this client has ${clientVersion}, the server ${serverVersion}, and they do not fit`;
  const lines = breaking.slice(0, MAX_LINES).map(({ method, path, text }) => {
    const place = path === '' ? method : `${method}: ${path}`;
    return `  ${place} ${text}`;
  });
  const more = breaking.length - lines.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return {
    action: mode === 'strict' || force ? 'fail' : 'warn',
    lines: [head, ...lines, ...unknown],
  };
}

/** Some names, and how many more there are. */
function list(names: readonly string[]): string {
  const told = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${told} and ${names.length - 10} more` : told;
}

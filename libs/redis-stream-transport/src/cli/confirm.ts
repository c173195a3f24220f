import { Failure } from './failure.js';
import type { Screen } from './screen.js';

/**
 * Asks whether something may be done to many.
 * @param yes it was said before
 * @throws Failure if nobody is there to ask, or the answer is not yes
 */
export async function confirm(screen: Screen, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  const { ask } = screen.terminal;
  if (ask === undefined) throw new Failure(`${question} Say --yes, or look with --dry-run.`, 2);
  const answer = await ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('nothing was changed');
}

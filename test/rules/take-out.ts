import { join } from 'node:path';
import { SOURCES } from '../architecture/source-tree.js';
import { REMOVALS } from './removals.js';

interface SourceTransform {
  readonly name: string;
  readonly enforce: 'pre';
  transform(code: string, id: string): string | undefined;
}

/** Lets the tests run on sources without one part of a rule; nothing is written to the tree. */
export function takeOut(index: number): SourceTransform {
  const removal = REMOVALS[index];
  if (removal === undefined) throw new Error(`there is no removal ${index}`);
  const path = join(SOURCES, removal.file);
  return {
    name: 'take-out',
    enforce: 'pre',
    transform(code, id) {
      if (id.split('?')[0] !== path) return undefined;
      return removal.changes.reduce((text, [from, to]) => text.replace(from, () => to), code);
    },
  };
}

import type { Mutant, Patched } from './list.js';

/** A file that a mutant changes. */
export type Mutated = Patched & Pick<Mutant, 'name'>;

export function filesOf({ name, file, patches, also = [] }: Mutant): Mutated[] {
  return [{ name, file, patches }, ...also.map((part) => Object.assign({ name }, part))];
}

/**
 * Puts a mistake into the text of a file. Throws when the text that is to be changed does not stand there as
 * often as the mutant says: a mutant that changes nothing proves nothing.
 *
 * @param text text of the built file
 */
export function mutated({ name, file, patches }: Mutated, text: string) {
  let result = text;
  for (const [from, to, times = 1] of patches) {
    const found = result.split(from).length - 1;
    if (found !== times) {
      throw new Error(
        `"${name}" does not apply: ${found} times, not ${times}, in ${file}: ${from}`,
      );
    }
    result = result.replaceAll(from, () => to);
  }
  return result;
}

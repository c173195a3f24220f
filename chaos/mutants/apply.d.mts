import type { Mutant } from './list.mjs';

export function mutated(mutant: Mutant, text: string): string;

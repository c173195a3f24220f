import type { Options } from '../options.js';
import type { Results } from '../report/results.js';

/** Something that can be measured. */
export type Mode = { run(options: Options, results: Results): Promise<void> };

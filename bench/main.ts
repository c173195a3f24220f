// `npm run bench`: how fast the transport is beside its peers. `--help` lists the options.
import { ensureInstalled } from './harness/install.js';
import { help, readOptions } from './command-line.js';

const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(help);
} else {
  ensureInstalled();
  // Only now: it needs the packages of this folder.
  const { run } = await import('./run.js');
  process.exitCode = await run(options);
}

// node --import tsx bench/start.ts <program> [arguments]: runs a program of this folder, such as `main`, `cleaning`
// or `micro/main`, from a copy without types. A loader would cost what is measured: the start of each process, a
// thread beside it, and its memory.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../tools/repository.js';
import { stripTypes, TOOLS } from '../tools/strip-types.js';

const [program, ...args] = process.argv.slice(2);
if (program === undefined) throw new Error('which program?');
// Inside this folder, so that the packages of the peers are found.
const copy = stripTypes(['bench', ...TOOLS], join(repository, 'bench', '.cache'));
const child = spawn(process.execPath, [join(copy, 'bench', `${program}.js`), ...args], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130);
});

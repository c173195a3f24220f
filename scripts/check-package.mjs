// `npm run package:check`: packs the library as `npm publish` would and looks at the tarball, for
// what a user installs is the tarball and not this repository. Needs a build.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..');
const workspace = 'libs/redis-stream-transport';
const required = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'];
/** What only development needs: a file that matches has slipped in. */
const unwanted = /(^|\/)(src|test|node_modules)\/|\.spec\.|\.tsbuildinfo$/;

const folder = mkdtempSync(join(tmpdir(), 'nrs-package-'));
try {
  const { filename, files, size } = pack();
  const tarball = join(folder, filename);
  const problems = [
    ...contentProblems(files.map(({ path }) => path)),
    ...licenceProblems(),
    ...toolProblems('publint', ['run', tarball, '--strict']),
    ...toolProblems('attw', [tarball, '--profile', 'esm-only']),
  ];
  for (const problem of problems) console.error(`package: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${filename}: ${files.length} files, ${Math.ceil(size / 1024)} KiB, all good`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack() {
  const args = ['pack', '--json', '--workspace', workspace, '--pack-destination', folder];
  const report = JSON.parse(execFileSync('npm', args, { cwd: repository, encoding: 'utf8' }));
  // One report per package: a list, or from npm 12 on an object keyed by name.
  return Object.values(report)[0];
}

function contentProblems(paths) {
  const missing = required.filter((path) => !paths.includes(path));
  const extra = paths.filter((path) => unwanted.test(path));
  return [
    ...missing.map((path) => `${path} is missing from the tarball`),
    ...extra.map((path) => `${path} does not belong into the tarball`),
  ];
}

// npm takes the licence from the package's own folder, so a copy of it lies there.
function licenceProblems() {
  const [own, copy] = ['.', workspace].map((base) => join(repository, base, 'LICENSE'));
  if (!existsSync(copy)) return [];
  const same = readFileSync(own, 'utf8') === readFileSync(copy, 'utf8');
  return same ? [] : [`${workspace}/LICENSE differs from LICENSE`];
}

function toolProblems(tool, args) {
  const bin = join(repository, 'node_modules', '.bin', tool);
  const { status, error } = spawnSync(bin, args, { cwd: folder, stdio: 'inherit' });
  return status === 0 ? [] : [`${tool} found problems (${error ?? `exit code ${status}`})`];
}

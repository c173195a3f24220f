import { execFileSync } from 'node:child_process';
import { repository } from '../../tools/repository.js';

/** The commit that is checked out, in short; undefined outside of a clone. */
export function commit(): string | undefined {
  try {
    const said = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return said.trim();
  } catch {
    return undefined;
  }
}

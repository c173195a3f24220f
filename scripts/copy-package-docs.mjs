// The `prepack` step of the library: its tarball carries the repository's README and licence, which
// are kept in one place only. The copies are git-ignored.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..');
for (const name of ['README.md', 'LICENSE'])
  copyFileSync(join(repository, name), join(process.cwd(), name));

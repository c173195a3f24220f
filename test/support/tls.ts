import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Authority } from '../../tools/certificates.js';
import { writeTlsFiles, type TlsFiles } from '../../tools/redis/tls-files.js';

/** Whom the clients of a test file trust. Its certificates are there until the last test has ended. */
export class TestAuthority extends Authority {
  private readonly folder = mkdtempSync(join(tmpdir(), 'redis-streams-tls-'));

  constructor() {
    super();
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** What a server needs whose certificate is valid for these hosts alone; `by` has signed it. */
  filesFor(hosts: readonly string[], by: Authority = this): TlsFiles {
    return writeTlsFiles(mkdtempSync(join(this.folder, 'node-')), this.cert, by.issue(hosts));
  }

  /** Options of a client that trusts this authority alone. */
  get trusted(): { tls: { ca: string } } {
    return { tls: { ca: this.cert } };
  }
}

// What a server needs to speak TLS, and what a client needs to speak with it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../certificates.js';

/** Paths, and what the first of them holds. */
export interface TlsFiles {
  /** The certificate of whoever signed the others, in PEM. */
  readonly ca: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Writes them into a folder, which belongs to the caller. */
export function writeTlsFiles(folder: string, ca: string, { cert, key }: Certificate): TlsFiles {
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return {
    ca,
    caFile: write('ca.crt', ca),
    certFile: write('redis.crt', cert),
    keyFile: write('redis.key', key),
  };
}

/** The plain port is closed. Nodes and replicas talk by TLS, and show their certificates to each other; clients need none. */
export function tlsArguments(port: number, { caFile, certFile, keyFile }: TlsFiles): string[] {
  return [
    ...['--port', '0', '--tls-port', String(port)],
    ...['--tls-ca-cert-file', caFile, '--tls-cert-file', certFile, '--tls-key-file', keyFile],
    ...['--tls-auth-clients', 'no', '--tls-replication', 'yes'],
  ];
}

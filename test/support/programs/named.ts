import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

/** A machine and a process on it, as names of instances and of connections have them. */
export interface Named {
  readonly host: string;
  readonly pid: number;
}

/** Gives this machine and process other names; what it returns gives them their own again. */
export function nameProcess(names: Named): () => void {
  const { hostname } = os;
  const { pid } = process;
  const name = (host: () => string, id: number): void => {
    os.hostname = host;
    syncBuiltinESMExports();
    Object.defineProperty(process, 'pid', { value: id, configurable: true });
  };
  name(() => names.host, names.pid);
  return () => name(hostname, pid);
}

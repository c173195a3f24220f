// Bundles the library and all that it imports into one file. A process of the fleet then starts in a quarter of
// the time. In a scenario that kills hundreds of processes, their starts take most of the time.
import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { builds } from './library.js';

const ENTRY = 'entry of the bundle';
/**
 * Nest imports these when an application validates or listens to HTTP. They are half of the size, and are not
 * needed here.
 */
const LEFT_OUT = /^(?:class-|@nestjs\/(?:platform|websockets))/;
const { resolve } = createRequire(import.meta.url);

/**
 * @param folder of a build
 * @returns URL of a module with all that the library exports, and Nest's `Logger`; it goes with
 * this process
 */
export async function bundle(folder: string): Promise<string> {
  const file = join(builds, `bundle-${randomUUID()}.mjs`);
  process.once('exit', () => rmSync(file, { force: true }));
  const index = JSON.stringify(join(folder, 'index.js'));
  // Builds of older commits do not have it.
  const extra = join(folder, 'sealed', 'index.js');
  // Not bundled: threads load a file of it.
  const threads = join(folder, 'threads', 'index.js');
  const inThread = existsSync(threads)
    ? `export { inThread } from ${JSON.stringify(threads)};\n`
    : '';
  const sealed = existsSync(extra) ? `export { sealed } from ${JSON.stringify(extra)};\n` : '';
  const entry = {
    name: 'entry',
    resolveId: (id: string) => (id === ENTRY ? ENTRY : undefined),
    load: (id: string) =>
      id === ENTRY
        ? `export * from ${index};\n${sealed}${inThread}export { Logger } from '@nestjs/common';\n`
        : undefined,
  };
  const bundled = await rolldown({
    input: ENTRY,
    cwd: builds,
    platform: 'node',
    plugins: [entry],
    external: (id) =>
      id === threads ||
      (!/^[./]/.test(id) && id !== ENTRY && (LEFT_OUT.test(id) || !isInstalled(id))),
    logLevel: 'silent',
  });
  await bundled.write({ file, format: 'esm', codeSplitting: false });
  await bundled.close();
  return pathToFileURL(file).href;
}

/** Nest names packages of other transports, which need not be there. */
function isInstalled(id: string): boolean {
  try {
    return resolve(id) !== id;
  } catch {
    return false;
  }
}

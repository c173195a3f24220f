import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The files of the page, and what they are. There are no others. */
const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'licences.txt': 'text/plain; charset=utf-8',
};

/** As built; where the sources run themselves, what was built last. */
const FOLDERS = ['../page/', '../../../dist/dashboard/page/'].map(
  (folder) => new URL(folder, import.meta.url),
);

interface PageFile {
  readonly content: Buffer;
  readonly tag: string;
}

const read = new Map<string, Promise<PageFile>>();

/** Whether a path below the route names a file of the page; the empty path is the page itself. */
export const isPageFile = (path: string): boolean => path === '' || Object.hasOwn(TYPES, path);

/** Sends a file of the page, or says that the browser has it already. */
export async function sendPageFile(
  path: string,
  { method, headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const name = path === '' ? 'index.html' : path;
  const file = read.get(name) ?? load(name);
  read.set(name, file);
  const { content, tag } = await file;
  // Asked for each time, and sent only where it has changed: an update of the package shows at once.
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('etag', tag);
  if (headers['if-none-match'] === tag) {
    response.writeHead(304);
    response.end();
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[name], 'content-length': content.length });
  response.end(method === 'HEAD' ? undefined : content);
}

async function load(name: string): Promise<PageFile> {
  try {
    const folder = FOLDERS.find((one) => existsSync(new URL('index.html', one)));
    const content = await readFile(new URL(name, folder ?? FOLDERS[0]));
    return {
      content,
      tag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    };
  } catch (error) {
    read.delete(name);
    throw error;
  }
}

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Dashboard, type DashboardOptions } from 'nestjs-redis-streams/dashboard';
import { onTestFinished } from 'vitest';
import { buildPage } from '../../scripts/build-page.js';

/** A page that a test asks. */
export interface Asked {
  /** With the route, and a slash at its end. */
  readonly url: string;
  readonly host: string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  json(path: string): Promise<Record<string, never>>;
  /** As the page sends it. */
  change(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

let building: Promise<string> | undefined;

/** Bundles what runs in the browser, once for all tests of a file. */
export const built = (): Promise<string> => (building ??= buildPage());

/** A page with a server of its own. */
export interface ServedPage extends Asked {
  /** Ends the server, and its connections; what it returns starts it again at the same port. */
  leave(): Promise<() => Promise<void>>;
  /** Closes the page; its server goes on. */
  close(): void;
}

/** Serves the page of a place until the test ends. */
export async function servedPage(options: DashboardOptions): Promise<ServedPage> {
  await built();
  const dashboard = new Dashboard({ interval: 200, ...options });
  const server = createServer((request, response) => {
    if (!dashboard.handle(request, response)) response.writeHead(404).end();
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => {
      server.listen(port, '127.0.0.1', () => resolve());
    });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  await listen(0);
  onTestFinished(async () => {
    dashboard.close();
    await close();
  });
  const { port } = server.address() as AddressInfo;
  const leave = async () => {
    await close();
    return () => listen(port);
  };
  return {
    ...pageAt(`http://127.0.0.1:${port}${dashboard.route}/`),
    ...{ leave, close: () => dashboard.close() },
  };
}

/** A page that somebody else serves. */
export function pageAt(url: string): Asked {
  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(new URL(path, url), { redirect: 'manual', ...init });
  return {
    ...{ url, host: new URL(url).host, ask },
    json: async (path) => (await ask(path)).json() as Promise<Record<string, never>>,
    change: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: {
          'content-type': 'application/vnd.nestjs-redis-streams+json',
          'x-nestjs-redis-streams': 'test',
          ...headers,
        },
        body: JSON.stringify(body),
      }),
  };
}

/** Events of a page that is open, as far as they have come. */
export async function events(page: Asked, enough: (text: string) => boolean): Promise<string> {
  const over = new AbortController();
  const response = await page.ask('api/live', { signal: over.signal });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (enough(text)) break;
  }
  over.abort();
  return text;
}

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../tools/free-port.js';

/** What a query of Prometheus answers with. */
export interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly unknown[] };
}

/** Serves a text as a process that is scraped. Returns its address. */
async function serveText(text: () => Promise<string>): Promise<string> {
  const server = createServer((_, response) => {
    text().then(
      (said) => response.end(said),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A Prometheus of the test's own that scrapes a text each second. Returns what asks it. */
export async function startPrometheus(
  text: () => Promise<string>,
): Promise<(query: string) => Promise<Answer>> {
  const target = await serveText(text);
  const folder = mkdtempSync(join(tmpdir(), 'nrs-prometheus-'));
  const config = join(folder, 'prometheus.yaml');
  const lines = [
    'global: { scrape_interval: 1s, evaluation_interval: 1s }',
    'scrape_configs:',
    `  - { job_name: test, static_configs: [{ targets: ['${target}'] }] }`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
  ];
  const server = spawn('prometheus', args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  onTestFinished(async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  return async (query) => {
    const response = await fetch(`http://${address}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query }),
    });
    return (await response.json()) as Answer;
  };
}

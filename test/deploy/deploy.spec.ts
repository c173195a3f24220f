import { spawnSync } from 'node:child_process';
import { DeadLetter, RetryLater } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import { ALERTS, exprOf } from '../../scripts/deploy/alerts.js';
import { PANELS } from '../../scripts/deploy/board.js';
import { join } from 'node:path';
import {
  INSTRUMENT_NAMES,
  prometheusName,
} from '../../libs/redis-stream-transport/src/metrics/instruments.js';
import { repository } from '../../tools/repository.js';
import { eventually } from '../../tools/wait.js';
import { read } from '../docs/documents.js';
import { scraped } from '../metrics/scraped.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';
import { startPrometheus } from './prometheus-server.js';

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
// Where they are absent: apt-get install prometheus.
const isHere = has('promtool') && has('prometheus');
/** Queries of the board that have data only after a fault. */
const AFTER_A_FAULT = [/leases_lost/, /connections_lost/, /connections_failed/];
/** The same of alerts. */
const ALERTS_AFTER_A_FAULT = new Set([
  'RedisStreamsLeasesLost',
  'RedisStreamsNoConnection',
  'RedisStreamsNoFigures',
]);

/** As Grafana fills them in. */
const filled = (query: string): string =>
  query.replaceAll(/\$(group|pattern)\b/g, '.*').replaceAll('$__rate_interval', '30s');

const queries = PANELS.flatMap(({ lines }) => lines.map(([query]) => query));

test('each instrument of which operators must know is on the board or wakes them', () => {
  const all = [...queries, ...ALERTS.map(exprOf)].join('\n');
  const unused = INSTRUMENT_NAMES.filter((name) => !all.includes(prometheusName(name)));
  const rarely = [
    'event_duration',
    'untrusted_messages',
    'late_replies',
    'groups_lost',
    'pending_entries',
  ];
  expect(unused).toEqual([...rarely, 'redis_read_duration', 'redis_read_age']);
});

test('each alert leads to a part of the page that says what to do', () => {
  const headings = [...read('docs/alerts.md').matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(headings).toEqual(ALERTS.map(({ name }) => name));
  for (const { name } of ALERTS) {
    expect(read('deploy/alerts.yaml')).toContain(`docs/alerts.md#${name.toLowerCase()}\n`);
  }
});

test.skipIf(!isHere)('promtool takes the alerts', () => {
  const file = join(repository, 'deploy/alerts.yaml');
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], {
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`).toContain(`SUCCESS: ${ALERTS.length} rules found`);
  expect(status).toBe(0);
});

test.skipIf(!isHere)('promtool takes the text that is scraped', async () => {
  const { registry } = scraped();
  const service = new TestService();
  await service.serve({ messages: { works: () => 1 } });
  await (await service.connected()).call('works');
  const input = await registry.metrics();
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`).toBe('');
});

/**
 * A service of two instances under load, of all kinds that need no fault but one take-over.
 * @param begun is called when all streams exist, before anything that is counted
 */
async function load<T>(service: TestService, begun: () => T): Promise<T> {
  const gate = new Gate();
  const fails = () => {
    throw new Error('no');
  };
  const again = () => {
    throw new RetryLater(200);
  };
  const dies = () => {
    throw new DeadLetter('no');
  };
  const handlers = {
    messages: { works: () => 1, fails, waits: async () => (await gate.opened, 1) },
    events: { again, dies, told: () => undefined },
  };
  const client = await service.connected({ whenNoConsumer: 'fail' });
  const leaving = await service.serve(handlers, { drainTimeout: 0 });
  await client.tell('unheard', 1);
  await client.tell('told', 1, { delay: 3_600_000 });
  const watched = begun();
  void client.call('waits', 1, { timeout: 60_000 }).catch(() => undefined);
  await eventually(() => expect(leaving.health().running).toBe(1));
  await service.serve(handlers, { drainTimeout: 0 });
  await leaving.close();
  const turn = async (): Promise<void> => {
    await client.call('works', 1);
    await Promise.all([client.failure('fails', 1), client.failure('nobody', 1)]);
    for (const event of ['told', 'dies', 'again']) await client.tell(event, 1);
  };
  let working = Promise.resolve();
  const timer = setInterval(() => {
    working = working.then(turn).catch(() => undefined);
  }, 200);
  onTestFinished(async () => {
    clearInterval(timer);
    gate.open();
    await working;
  });
  return watched;
}

test.skipIf(!isHere)(
  'each query of the board and of the alerts finds its data',
  async () => {
    const service = new TestService();
    // The gauges look for streams when they begin; where Redis has many keys, not again for a while.
    const { registry } = await load(service, () =>
      scraped({ gauges: { ...service.address, interval: 1000 } }),
    );
    const ask = await startPrometheus(() => registry.metrics());
    const found = async (query: string): Promise<number> => {
      const { status, error, data } = await ask(filled(query));
      expect(error).toBeUndefined();
      expect(status).toBe('success');
      return data?.result.length ?? 0;
    };
    const without = async (wanted: readonly (readonly [name: string, query: string])[]) => {
      const empty: string[] = [];
      for (const [name, query] of wanted) if ((await found(query)) === 0) empty.push(name);
      return empty;
    };
    await eventually(
      async () => {
        const ofBoard = await without(queries.map((query) => [query, query]));
        expect(ofBoard.filter((query) => !AFTER_A_FAULT.some((name) => name.test(query)))).toEqual(
          [],
        );
        const ofAlerts = await without(ALERTS.map(({ name, measure }) => [name, measure]));
        expect(ofAlerts.filter((name) => !ALERTS_AFTER_A_FAULT.has(name))).toEqual([]);
      },
      60_000,
      500,
    );
    // The whole conditions: those of this load hold, and all of them can be evaluated.
    const quiet = await without(ALERTS.map((alert) => [alert.name, exprOf(alert)]));
    expect(quiet).not.toContain('RedisStreamsNobodyReads');
    expect(quiet).not.toContain('RedisStreamsDeadLetters');
    expect(quiet).toContain('RedisStreamsServiceDown');
  },
  90_000,
);

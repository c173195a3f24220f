// The fourteen questions of an operator, asked of a deployment whose answers are known: on the command line, on the page, in
// Prometheus, with the queries and the commands of the runbook. `PRINT_OPERATIONS=1` writes into the runbook what its
// commands answer here.
import { spawnSync } from 'node:child_process';
import type {
  CallTrace,
  HeaderTrace,
  LiveService,
  Overview,
  PendingEntry,
} from 'nestjs-redis-streams/operate';
import { eventually } from '../../tools/wait.js';
import { commandAt } from '../contracts/command.js';
import { alike } from '../cli/page.js';
import { events, servedPage, type ServedPage } from '../dashboard/page.js';
import { startPrometheus, type Answer } from '../deploy/prometheus-server.js';
import { CORRELATION, deployment, traffic, type Deployment } from './deployment.js';
import { print, questions } from './runbook.js';

// Where it is absent: apt-get install prometheus.
const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;
const runbook = questions();

/** One line of an answer of Prometheus. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Somebody who asks. */
interface Asking {
  readonly made: Deployment;
  /** What a command prints with --json: one document, or one for each line. */
  json<T>(...args: string[]): Promise<T[]>;
  readonly page: ServedPage;
  /** What the page shows now. */
  look(): Promise<Look>;
  /** What the query of this question finds, in the runbook's words. */
  metric(): Promise<Sample[]>;
}

type Look = Overview & {
  readonly rows: readonly {
    readonly stream: string;
    readonly group: string;
    readonly unread: number;
    readonly pending: number;
    readonly retries: number;
    readonly oldest: number | null;
    readonly handled?: { readonly ended: number; readonly errors: number; readonly p99: number };
  }[];
};

/** Asks Prometheus. */
type Ask = (query: string) => Promise<Answer>;
type Way = (asking: Asking) => Promise<void>;

interface Answers {
  readonly command: Way;
  readonly page: Way;
  readonly metric: Way;
}

/** The value of the only line with these labels. */
function valueOf(samples: readonly Sample[], labels: Record<string, string>): number {
  const found = samples.filter(({ labels: own }) =>
    Object.entries(labels).every(([name, value]) => own[name] === value),
  );
  expect(found, JSON.stringify(labels)).toHaveLength(1);
  return found[0]?.value ?? Number.NaN;
}

const rowOf = ({ rows }: Look, stream: string, group: string) =>
  rows.find((row) => row.stream === stream && row.group === group);

const groupOf = ({ backlog }: Overview, stream: string, group: string) =>
  backlog.streams.find((one) => one.stream === stream)?.groups.find((one) => one.group === group);

const overview = async ({ json }: Asking): Promise<Overview> =>
  (await json<Overview>('top', '--once'))[0] as Overview;

const pending = ({ json }: Asking, ...args: string[]): Promise<PendingEntry[]> =>
  json<PendingEntry>('pending', '--limit', '1000', ...args);

const onPage = async <T>({ page }: Asking, path: string): Promise<T> =>
  (await page.json(path)) as unknown as T;

const inFlight = (entries: readonly PendingEntry[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { service, instance } of entries)
    if (service === 'shipping') counts[instance] = (counts[instance] ?? 0) + 1;
  return counts;
};

const trueInFlight = ({ made }: Asking): Record<string, number> =>
  Object.fromEntries(
    made.shipping.filter((one) => one.inFlight > 0).map((one) => [one.instance, one.inFlight]),
  );

/** One entry of `mail` waits for the next hour. */
function waitsForMail(entries: readonly PendingEntry[]): void {
  const [waiting, ...others] = entries.filter(({ state }) => state === 'retry');
  expect(others).toEqual([]);
  expect(waiting).toMatchObject({ pattern: 'orders.paid', service: 'mail', attempts: 1 });
  expect((waiting?.dueAt ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
}

/** A call that was handed out twice, and never failed. */
function wasTakenOver({ entries }: CallTrace): void {
  expect(entries).toMatchObject([
    { pattern: 'shipping.label', groups: [{ state: 'held', deliveries: 2, attempts: 0 }] },
  ]);
}

/** Data with which the handler of `mail` succeeds. */
const MENDED = '{"id":7}';

const firstLetter = async ({ json }: Asking): Promise<string> =>
  (await json<{ id: string }>('dead', 'list'))[0]?.id ?? '';

const LETTERS = [
  ['mail', 'orders.placed', 'attempts'],
  ['mail', 'orders.placed', 'attempts'],
  ['mail', 'orders.placed', 'handler'],
];

interface Letter {
  readonly service: string;
  readonly pattern: string;
  readonly reason: string;
}

const namesOf = (letters: readonly Letter[]): string[][] =>
  letters.map(({ service, pattern, reason }) => [service, pattern, reason]).toSorted();

interface Counts {
  readonly pattern: string;
  readonly service: string;
  readonly ended: number;
  readonly errors: number;
  readonly p99: number;
}

/** What the instances say that they have done. */
async function statistics(json: Asking['json']) {
  const [said] = await json<{ patterns: Counts[]; silent: string[] }>('stats');
  expect(said?.silent).toEqual([]);
  return (service: string, pattern: string): Counts => {
    const found = said?.patterns.find((one) => one.service === service && one.pattern === pattern);
    expect(found, `${service} ${pattern}`).toBeDefined();
    return found as Counts;
  };
}

/** By heading of the runbook. */
const ANSWERS: Readonly<Record<string, Answers>> = {
  'How long is the backlog of each pattern?': {
    command: async (asking) => {
      const seen = await overview(asking);
      expect(groupOf(seen, 'orders.pack', 'orders')).toMatchObject({ unread: 2, pending: 1 });
      expect(groupOf(seen, 'orders.prices', 'orders')).toMatchObject({ unread: 1, pending: 0 });
    },
    page: async ({ look }) => {
      expect(rowOf(await look(), 'orders.pack', 'orders')).toMatchObject({ unread: 2, pending: 1 });
    },
    metric: async ({ metric }) => {
      const found = await metric();
      expect(valueOf(found, { group: 'orders', pattern: 'orders.pack' })).toBe(3);
      expect(valueOf(found, { group: 'shipping', pattern: 'shipping.label' })).toBe(4);
    },
  },
  'How far behind is each service?': {
    command: async (asking) => {
      const { backlog } = await overview(asking);
      const behind = (group: string) =>
        backlog.streams
          .flatMap(({ groups }) => groups)
          .filter((one) => one.group === group)
          .reduce((sum, { unread }) => sum + unread, 0);
      expect([behind('orders'), behind('shipping'), behind('mail')]).toEqual([3, 0, 0]);
    },
    page: async ({ look }) => {
      const { rows } = await look();
      const behind = rows.filter(({ group }) => group === 'orders');
      expect(behind.reduce((sum, { unread }) => sum + unread, 0)).toBe(3);
    },
    metric: async ({ metric }) => {
      const found = await metric();
      expect(valueOf(found, { group: 'orders' })).toBe(3);
      expect(valueOf(found, { group: 'mail' })).toBe(0);
    },
  },
  'How old is the oldest unhandled entry?': {
    command: async (asking) => {
      const { backlog } = await overview(asking);
      const ages = backlog.streams.flatMap(({ stream, groups }) =>
        groups.map(({ oldestFor = 0 }) => ({ stream, oldestFor })),
      );
      const [oldest] = ages.toSorted((one, other) => other.oldestFor - one.oldestFor);
      expect(oldest?.stream).toBe('shipping.label');
    },
    page: async ({ look }) => {
      const { rows } = await look();
      expect(rows[0]).toMatchObject({ stream: 'shipping.label', group: 'shipping' });
    },
    metric: async ({ metric }) => {
      const [oldest] = await metric();
      expect(oldest?.labels).toMatchObject({ pattern: 'shipping.label', group: 'shipping' });
      expect(oldest?.value).toBeGreaterThan(1);
    },
  },
  'What is in flight at each instance?': {
    command: async (asking) =>
      expect(inFlight(await pending(asking))).toEqual(trueInFlight(asking)),
    page: async (asking) => {
      const { entries } = await onPage<{ entries: PendingEntry[] }>(
        asking,
        'api/pending?limit=200',
      );
      expect(inFlight(entries)).toEqual(trueInFlight(asking));
    },
    // The one process that is scraped here.
    metric: async ({ metric, made }) =>
      expect(valueOf(await metric(), { group: 'shipping' })).toBe(made.shipping[0]?.inFlight),
  },
  'Which patterns fail, and how often?': {
    command: async ({ json }) => {
      const all = await statistics(json);
      const { ended, errors } = all('orders', 'orders.price');
      expect(ended).toBeGreaterThanOrEqual(8);
      // One of four, of those that have ended; two run at a time.
      expect(Math.abs(errors - ended / 4)).toBeLessThan(2);
      expect(all('orders', 'orders.report').errors).toBe(0);
      expect(all('mail', 'orders.placed')).toMatchObject({ ended: 4, errors: 3 });
    },
    page: async ({ look }) => {
      const { ended = 0, errors = 0 } =
        rowOf(await look(), 'orders.price', 'orders')?.handled ?? {};
      expect(errors / ended).toBeGreaterThan(0.15);
      expect(errors / ended).toBeLessThan(0.35);
    },
    metric: async ({ metric }) => {
      const found = await metric();
      const share = valueOf(found, { pattern: 'orders.price' });
      expect(share).toBeGreaterThan(0.15);
      expect(share).toBeLessThan(0.35);
      expect(found.filter(({ value }) => value > 0)).toHaveLength(1);
    },
  },
  'Which handlers are slow?': {
    command: async ({ json }) => {
      const all = await statistics(json);
      expect(all('orders', 'orders.report').p99).toBeGreaterThan(270);
      expect(all('orders', 'orders.price').p99).toBeLessThan(270);
    },
    page: async ({ look }) => {
      const seen = await look();
      expect(rowOf(seen, 'orders.report', 'orders')?.handled?.p99).toBeGreaterThan(270);
      expect(rowOf(seen, 'orders.price', 'orders')?.handled?.p99).toBeLessThan(270);
    },
    metric: async ({ metric }) => {
      const found = await metric();
      const slow = valueOf(found, { group: 'orders', pattern: 'orders.report' });
      expect(slow).toBeGreaterThan(0.25);
      expect(slow).toBeLessThan(2.5);
      const fast = valueOf(found, { group: 'orders', pattern: 'orders.price' });
      expect(fast).toBeLessThan(slow);
    },
  },
  'What was given up, and why?': {
    command: async ({ json }) =>
      expect(namesOf(await json<Letter>('dead', 'list'))).toEqual(LETTERS),
    page: async (asking) => {
      const { letters } = await onPage<{ letters: Letter[] }>(asking, 'api/letters?service=mail');
      expect(letters.map(({ pattern, reason }) => ['mail', pattern, reason]).toSorted()).toEqual(
        LETTERS,
      );
    },
    metric: async ({ metric }) => {
      const found = await metric();
      expect(valueOf(found, { group: 'mail', reason: 'attempts' })).toBe(2);
      expect(valueOf(found, { group: 'mail', reason: 'handler' })).toBe(1);
    },
  },
  'How do I run dead letters again?': {
    command: async (asking) => {
      const letter = await firstLetter(asking);
      const [said] = await asking.json('dead', 'edit', letter, '--data', MENDED);
      expect(said).toMatchObject({ replayed: 1 });
      expect(await asking.json('dead', 'list')).toHaveLength(2);
    },
    page: async (asking) => {
      const id = await firstLetter(asking);
      const answer = await asking.page.change('api/letter/edit', {
        service: 'mail',
        id,
        data: JSON.parse(MENDED) as unknown,
      });
      expect(answer.status).toBe(200);
      const { services } = await onPage<{ services: object[] }>(asking, 'api/letters/count');
      expect(services).toMatchObject([{ service: 'mail', count: 1 }]);
    },
    metric: async ({ metric }) => expect(valueOf(await metric(), { group: 'mail' })).toBe(1),
  },
  'Which services, instances and versions are there?': {
    command: async ({ json, made }) => {
      const [services] = await json<LiveService[]>('services');
      const counts = services?.map(({ service, instances }) => [service, instances.length]);
      expect(counts).toEqual([
        ...[
          ['inventory', 1],
          ['mail', 1],
          ['orders', 1],
        ],
        ['shipping', 2],
      ]);
      const shipping = services?.find(({ service }) => service === 'shipping');
      expect(shipping?.instances.map(({ name }) => name).toSorted()).toEqual(
        made.shipping.map(({ instance }) => instance).toSorted(),
      );
      const versions = shipping?.instances.map(({ facts }) => facts?.library);
      expect(versions).toContain('0.0.9');
      expect(new Set(versions).size).toBe(2);
    },
    page: async (asking) => {
      const { services } = await asking.look();
      const shipping = services.find(({ service }) => service === 'shipping');
      expect(shipping?.instances.map(({ facts }) => facts?.library)).toContain('0.0.9');
      const { findings } = await onPage<{ findings: { code: string; about: string }[] }>(
        asking,
        'api/findings',
      );
      expect(findings).toContainEqual(
        expect.objectContaining({ code: 'MIXED_LIBRARIES', about: 'shipping' }),
      );
    },
    metric: async ({ metric }) => {
      const found = await metric();
      expect(valueOf(found, { group: 'shipping' })).toBe(2);
      expect(valueOf(found, { group: 'orders' })).toBe(1);
    },
  },
  'Who calls this?': {
    command: async (asking) =>
      expect((await overview(asking)).callers).toContainEqual(
        expect.objectContaining({ application: 'shop' }),
      ),
    page: async (asking) => {
      const path = 'api/senders?pattern=orders.price';
      const { senders } = await onPage<{ senders: object[] }>(asking, path);
      expect(senders).toMatchObject([{ application: 'shop' }]);
    },
    metric: async ({ metric }) => {
      const found = await metric();
      expect(valueOf(found, { pattern: 'orders.price' })).toBeGreaterThan(0);
      expect(found.every(({ labels }) => labels['instance'] !== undefined)).toBe(true);
    },
  },
  'What waits for another attempt, and since when?': {
    command: async (asking) => waitsForMail(await pending(asking, '--service', 'mail')),
    page: async (asking) => {
      const path = 'api/pending?service=mail';
      waitsForMail((await onPage<{ entries: PendingEntry[] }>(asking, path)).entries);
    },
    metric: async ({ metric }) =>
      expect(valueOf(await metric(), { group: 'mail', pattern: 'orders.paid' })).toBe(1),
  },
  'Why did these requests take 15 seconds?': {
    command: async ({ json, made }) =>
      wasTakenOver((await json<CallTrace>('explain', made.takenOver.call))[0] as CallTrace),
    page: async (asking) => {
      const call = encodeURIComponent(asking.made.takenOver.call);
      wasTakenOver(await onPage<CallTrace>(asking, `api/call?call=${call}`));
    },
    metric: async ({ metric }) =>
      expect(valueOf(await metric(), { group: 'shipping', pattern: 'shipping.label' })).toBe(1),
  },
  'What became of this request, across services?': {
    command: async ({ json, made }) => {
      const header = `x-correlation-id=${CORRELATION}`;
      const [trace] = await json<HeaderTrace>('explain', '--header', header);
      const found = trace?.calls.flatMap(({ entries }) => entries);
      expect(found).toMatchObject([
        { pattern: 'orders.place', groups: [{ group: 'orders', state: 'held' }] },
        { pattern: 'stock.take', groups: [{ group: 'inventory', state: 'held' }] },
      ]);
      expect(trace?.calls[0]?.call).toBe(made.followed);
    },
    page: async (asking) => {
      const call = encodeURIComponent(asking.made.followed);
      const { entries } = await onPage<CallTrace>(asking, `api/call?call=${call}`);
      expect(entries).toMatchObject([{ pattern: 'orders.place', groups: [{ state: 'held' }] }]);
    },
    metric: async ({ metric }) => {
      const found = await metric();
      expect(valueOf(found, { pattern: 'orders.report' })).toBeGreaterThan(0.25);
    },
  },
  'How do I pause a pattern, or stop a bad instance?': {
    command: async ({ json, made }) => {
      const bad = made.shipping[1]?.instance ?? '';
      await json('pause', '--instance', bad, '--reason', 'leaks');
      expect(await json('pause')).toMatchObject([{ instances: [{ instance: bad }] }]);
      await json('resume', '--instance', bad);
      const [paused] = await json<{ patterns: object[] }>('pause');
      expect(paused?.patterns).toMatchObject([
        { service: 'orders', pattern: 'orders.prices', reason: 'the price list is being moved' },
      ]);
    },
    page: async ({ look, page }) => {
      const price = { service: 'orders', pattern: 'orders.place' };
      expect((await page.change('api/pause', price)).status).toBe(200);
      expect((await page.change('api/resume', price)).status).toBe(200);
      const orders = (await look()).services.find(({ service }) => service === 'orders');
      expect(orders?.paused).toMatchObject([{ pattern: 'orders.prices' }]);
    },
    metric: async ({ metric }) => expect(valueOf(await metric(), { group: 'orders' })).toBe(1),
  },
};

/** Commands, as the runbook writes them, with what their names stand for here. */
function standIns(made: Deployment): (readonly [written: string, here: string])[] {
  return [
    ['AbCdEfGhIjKlMnOpQrStUv/10000000001', made.takenOver.call],
    ['AbCdEfGhIjKlMnOpQrStUv/10000000007', made.followed],
  ];
}

/** What the commands of the runbook print here, each as the runbook would show it. */
async function printed(made: Deployment): Promise<string[]> {
  const names = standIns(made);
  const answers: string[] = [];
  for (const { args } of runbook.flatMap(({ commands }) => commands)) {
    const given = args.map((arg) => names.find(([written]) => written === arg)?.[1] ?? arg);
    const { out, err } = await commandAt({ env: { REDIS_URL: made.url } }, ...given);
    answers.push(
      names.reduce((text, [written, here]) => text.replaceAll(here, written), out + err),
    );
  }
  return answers;
}

test('the runbook has an answer of each kind to each question', () => {
  expect(runbook).toHaveLength(14);
  for (const { heading, commands, queries, page, next } of runbook) {
    expect(commands.length, heading).toBeGreaterThan(0);
    expect(queries.length, heading).toBeGreaterThan(0);
    expect(page, heading).toMatch(/\w/);
    expect(next, heading).toMatch(/\w/);
  }
  expect(Object.keys(ANSWERS)).toEqual(runbook.map(({ heading }) => heading));
});

/** Asks in each way; returns what was wrong. */
async function wrongAnswers(
  asking: Omit<Asking, 'metric'>,
  ask: Ask | undefined,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { heading, queries } of runbook) {
    const { command, page, metric } = ANSWERS[heading] as Answers;
    const [query = ''] = queries;
    const found = async () => samplesIn(await (ask as Ask)(query));
    const ways: [string, () => Promise<void>][] = [
      ['command', () => command({ ...asking, metric: found })],
      ['page', () => page({ ...asking, metric: found })],
    ];
    // What changed a moment ago is read and scraped within some seconds.
    const patiently = () => eventually(() => metric({ ...asking, metric: found }), 20_000, 500);
    if (ask !== undefined) ways.push(['metric', patiently]);
    for (const [name, way] of ways) {
      await way().catch((error: unknown) => wrong.push(`${heading} by ${name}: ${String(error)}`));
    }
  }
  return wrong;
}

const samplesIn = ({ error, data }: Answer): Sample[] => {
  expect(error).toBeUndefined();
  const result = (data?.result ?? []) as {
    metric: Record<string, string>;
    value: [number, string];
  }[];
  return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
};

function documentsIn<T>(text: string): T[] {
  // Only what is printed as one document has lines that begin with white space.
  if (/^[ \]}]/m.test(text) || !text.includes('\n{')) return [JSON.parse(text) as T];
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

test('each question has its true answer, in each way', async () => {
  const made = await deployment();
  traffic(made.client);
  const ask = hasPrometheus ? await startPrometheus(() => made.registry.metrics()) : undefined;
  const terminal = { env: { REDIS_URL: made.url } };
  const json = async <T>(...args: string[]): Promise<T[]> => {
    const { code, out, err } = await commandAt(terminal, ...args, '--json');
    if (code !== 0) throw new Error(err);
    return documentsIn(out);
  };
  const page = await servedPage({ url: made.url, readOnly: false, auth: () => true });
  const look = async (): Promise<Look> => {
    const text = await events(page, (so) => /event: look\ndata: .*\n/.test(so));
    const [, data = '{}'] = /event: look\ndata: (.*)/.exec(text) ?? [];
    return (JSON.parse(data) as { look: Look }).look;
  };
  const wrong = await wrongAnswers({ made, json, page, look }, ask);
  expect(wrong).toEqual([]);
}, 180_000);

test('the runbook shows what its commands answer', async () => {
  const made = await deployment();
  const answers = await printed(made);
  if (process.env['PRINT_OPERATIONS'] === '1') return print(answers);
  const shown = runbook.flatMap(({ commands }) => commands.map((one) => one.printed));
  expect(answers.map(alike)).toEqual(shown.map(alike));
}, 90_000);

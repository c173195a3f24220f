/**
 * What contracts promise, and on which of Nest's transports it remains. A case that expects something else of one
 * transport must name the promise, and the promise must say what is seen there: so `docs/other-transports.md` says
 * neither more nor less than the tests.
 *
 * This file imports nothing, so that the script that prints the page can load it alone.
 */
export const transportNames = [
  'redis-streams',
  'tcp',
  'redis',
  'nats',
  'rabbitmq',
  'kafka',
] as const;
export type TransportName = (typeof transportNames)[number];

export interface Promised {
  readonly promise: string;
  /** What is seen where it is not kept. */
  readonly seen: Partial<Readonly<Record<TransportName, string>>>;
}

function everywhereElse(text: string): Record<Exclude<TransportName, 'redis-streams'>, string> {
  return { tcp: text, redis: text, nats: text, rabbitmq: text, kafka: text };
}

export const promises = {
  arguments: {
    promise: 'Arguments and results arrive as instances, with defaults, rest arguments and schemas',
    seen: {},
  },
  numbers: {
    promise: 'A number or a boolean as a result arrives as what it was',
    seen: { kafka: 'as text, without the pair below' },
  },
  nothing: {
    promise: 'A command that returns nothing gives `undefined`',
    seen: { kafka: '`null`, without the pair below' },
  },
  rich: { promise: '`Date`, `Buffer`, `bigint`, `Map`, `Set` survive both ways', seen: {} },
  once: {
    promise: 'A command runs in one instance of its service',
    seen: { redis: 'in every instance' },
  },
  shared: {
    promise: 'Instances share the commands',
    seen: { tcp: 'the one instance that the client is connected to runs them' },
  },
  everyService: {
    promise: 'An event reaches every service, one instance of each',
    seen: {
      tcp: 'the instance that the client is connected to',
      redis: 'every instance of every service',
      rabbitmq: 'the service whose queue the client names',
    },
  },
  retried: {
    promise: 'An event whose handler fails is tried again',
    seen: { tcp: 'lost', redis: 'lost', nats: 'lost', rabbitmq: 'lost' },
  },
  stored: {
    promise: 'An event that is sent while its service is away is handled later',
    seen: { tcp: 'the caller gets an error', redis: 'lost', nats: 'lost' },
  },
  killed: {
    promise: 'Commands in flight at an instance that is killed are run by another one',
    seen: { tcp: 'the caller gets an error', nats: 'silence', rabbitmq: 'silence' },
  },
  refused: {
    promise: 'A command that no service has is refused, certainly not run',
    seen: {
      tcp: '`ECONNREFUSED`',
      redis: 'silence',
      nats: 'an error of NATS',
      rabbitmq: 'silence',
      kafka: 'silence',
    },
  },
  stopped: {
    promise: 'A handler is stopped when its caller leaves the stream',
    seen: everywhereElse('it runs to its end'),
  },
  options: {
    promise: 'Deadlines, signals, headers and idempotency keys of single calls',
    seen: everywhereElse('`INVALID_CALL`'),
  },
  compared: {
    promise: 'Contracts are announced and compared',
    seen: everywhereElse('`INVALID_CALL`'),
  },
} as const satisfies Record<string, Promised>;

export type PromiseName = keyof typeof promises;

const named = new Set<PromiseName>();

/**
 * What the case expects of this transport. To be called while cases are being registered, not inside a test: then a
 * run that is narrowed to a few tests does not make the table look too long.
 *
 * @param kept where the promise is kept
 * @param others where it is not; exactly those of which the promise says what is seen there
 */
export function promised<T>(
  name: PromiseName,
  transport: TransportName,
  kept: T,
  others: Partial<Record<TransportName, T>> = {},
): T {
  const { seen }: Promised = promises[name];
  const told = Object.keys(seen).toSorted().join();
  const expected = Object.keys(others).toSorted().join();
  if (told !== expected)
    throw new Error(`${name} is told of (${told}), and expected of (${expected})`);
  named.add(name);
  return transport in others ? (others[transport] as T) : kept;
}

const TITLES: Readonly<Record<TransportName, string>> = {
  'redis-streams': 'this one',
  tcp: 'TCP',
  redis: 'Redis',
  nats: 'NATS',
  rabbitmq: 'RabbitMQ',
  kafka: 'Kafka',
};

/** The table as Markdown. */
export function promisesTable(): string {
  const rows = Object.values(promises).map(({ promise, seen }: Promised) =>
    [promise, ...transportNames.map((name) => seen[name] ?? 'yes')].join(' | '),
  );
  return [
    `| What is promised | ${transportNames.map((name) => TITLES[name]).join(' | ')} |`,
    `|---${'|---'.repeat(transportNames.length)}|`,
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

export const unusedPromises = (): string[] =>
  Object.keys(promises).filter((name) => !named.has(name as PromiseName));

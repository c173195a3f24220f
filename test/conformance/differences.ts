/**
 * Every difference between the transports that is meant, and why. A case may expect something else
 * from one transport than from another only by naming an entry of this table, and an entry that no
 * case names fails the suite: so the table is neither longer nor shorter than the truth.
 *
 * This file imports nothing, so that a documentation script can load it alone.
 */
export const transportNames = ['nest-redis', 'nest-tcp', 'redis-streams'] as const;
export type TransportName = (typeof transportNames)[number];

export interface Difference {
  /** Why ours differs, or why it does not copy what it replaces. */
  readonly reason: string;
  /** What a user sees on each transport, in words. */
  readonly seen: Readonly<Record<TransportName, string>>;
}

export const differences = {
  asyncIterable: {
    reason: 'A handler that yields wants its values to arrive one by one, as an Observable does.',
    seen: {
      'nest-redis': 'the generator object itself is the reply: {}',
      'nest-tcp': 'the generator object itself is the reply: {}',
      'redis-streams': 'each yielded value arrives, then the reply completes',
    },
  },
  unknownPattern: {
    reason: 'A caller must never hang because no service has its pattern.',
    seen: {
      'nest-redis': 'silence: the channel has no subscriber',
      'nest-tcp': 'the text of NO_MESSAGE_HANDLER as a bare string',
      'redis-streams': 'an error with a code and the text of NO_MESSAGE_HANDLER',
    },
  },
  nobodyServes: {
    reason: 'Refused after a grace, certainly not run, instead of hanging or failing at once.',
    seen: {
      'nest-redis': 'silence',
      'nest-tcp': 'ECONNREFUSED',
      'redis-streams': 'NO_CONSUMER after the grace of `whenNoConsumer`',
    },
  },
  requestForEvent: {
    reason: 'An event belongs to every service, a request has one group that answers it.',
    seen: {
      'nest-redis': 'the event handler runs and what it returns is the reply',
      'nest-tcp': 'the event handler runs and what it returns is the reply',
      'redis-streams': 'NO_CONSUMER after the grace, certainly not run',
    },
  },
  jsonLikePattern: {
    reason: 'A pattern is found by its own text before it is read as JSON.',
    seen: {
      'nest-redis': 'the text "1.0" is read as the number 1, which has no handler',
      'nest-tcp': 'the text "1.0" is read as the number 1, which has no handler',
      'redis-streams': 'the handler of the text "1.0" answers',
    },
  },
  jsonTextOrder: {
    reason: 'The text of a pattern names its stream as it stands; the object itself is order-free.',
    seen: {
      'nest-redis': 'silence: the text is another channel',
      'nest-tcp': 'the text is parsed and sorted by the server',
      'redis-streams': 'NO_CONSUMER: the text is another stream',
    },
  },
  contextClass: {
    reason: 'Each transport has its own context; what they share is getMetadata().',
    seen: {
      'nest-redis': 'RedisContext with getChannel()',
      'nest-tcp': 'TcpContext with getPattern()',
      'redis-streams': 'RedisStreamsContext with getPattern() and the facts of the entry',
    },
  },
  balancing: {
    reason: 'Instances of one service share its work; Pub/Sub gives each of them everything.',
    seen: {
      'nest-redis': 'every instance runs every request and every event',
      'nest-tcp': 'the one instance that the caller is connected to runs it',
      'redis-streams': 'exactly one instance runs each request and each event',
    },
  },
  acknowledgedDelivery: {
    reason: 'An event is acknowledged after its handlers succeeded, and repeated until then.',
    seen: {
      'nest-redis': 'a failed event is lost',
      'nest-tcp': 'a failed event is lost',
      'redis-streams': 'only the handlers that failed run again, after a backoff',
    },
  },
  durability: {
    reason: 'An event is stored until a service has handled it.',
    seen: {
      'nest-redis': 'an event without a subscriber is lost, and emit resolves all the same',
      'nest-tcp': 'emit fails: no process listens on the port',
      'redis-streams': 'the event is handled when the service is back',
    },
  },
  cancellation: {
    reason: 'Work that no caller waits for any more is stopped.',
    seen: {
      'nest-redis': 'the Observable of the handler runs to its end',
      'nest-tcp': 'the Observable of the handler runs to its end',
      'redis-streams': 'the Observable of the handler is unsubscribed',
    },
  },
  statusAfterClose: {
    reason: 'A closed client says that it is disconnected.',
    seen: {
      'nest-redis': 'connected is the last status',
      'nest-tcp': 'disconnected follows connected',
      'redis-streams': 'disconnected follows connected',
    },
  },
  pendingAtClose: {
    reason: 'A call that dies with its client says so in a code, and whether it may have run.',
    seen: {
      'nest-redis': 'Error "Connection closed"',
      'nest-tcp': 'Error "Connection closed"',
      'redis-streams': 'CLOSED, outcome may-have-run',
    },
  },
} as const satisfies Record<string, Difference>;

export type DifferenceName = keyof typeof differences;

const named = new Set<DifferenceName>();

/**
 * What the case expects on this transport. To be called while cases are being registered, not inside
 * a test: then a run that is narrowed to a few tests does not make the table look too long.
 */
export function differs<T>(
  name: DifferenceName,
  transport: TransportName,
  expected: Record<TransportName, T>,
): T {
  named.add(name);
  return expected[transport];
}

export const unusedDifferences = (): string[] =>
  Object.keys(differences).filter((name) => !named.has(name as DifferenceName));

/** The table as Markdown, for the guide of those who come from another transport. */
export function differencesTable(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = Object.entries(differences).map(
    ([name, { seen, reason }]: [string, Difference]) =>
      `| ${name} | ${transportNames.map((t) => cell(seen[t])).join(' | ')} | ${cell(reason)} |`,
  );
  return [
    '| Difference | Nest Redis | Nest TCP | Redis Streams | Why |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

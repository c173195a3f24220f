/** Our names, each with the names that other transports and queues have for the same thing. */
const NAMES = {
  group: 'queue queueName consumerGroup groupId groupName',
  drainTimeout: 'gracePeriod gracefulShutdown shutdownTimeout closeTimeout',
  timeout: 'timeoutMs requestTimeout responseTimeout sendTimeout deadline',
  concurrency: 'prefetch prefetchCount maxConcurrency batchSize',
  retry: 'maxRetries retries backoff',
  maxDeliveries: 'maxAttempts',
  leaseTtl: 'visibilityTimeout claimIdleTime minIdleTime',
  retention: 'maxLen maxLength trim',
  retryAttempts: 'maxReconnectAttempts maxConnectionAttempts',
  retryDelay: 'reconnectTimeWait',
  prefix: 'stream streamPrefix namespace',
  url: 'uri urls servers',
  client: 'connection redis',
  cluster: 'nodes',
  host: 'hostname',
  username: 'user',
  password: 'pass',
  db: 'database',
};

/** The name of another transport or queue → ours. */
export const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([ours, theirs]) =>
    theirs.split(' ').map((name): [string, string] => [name, ours]),
  ),
);

// The files that are printed from the sources: pages of docs/, the README, and what deploy/ has for operators.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { REDIS_STREAMS_ERROR_CODES } from '../libs/redis-stream-transport/src/errors.js';
import { CLIENT_TABLE } from '../libs/redis-stream-transport/src/options/client-options.js';
import { EXTRAS_TABLE } from '../libs/redis-stream-transport/src/options/handler-extras.js';
import { RECORD_TABLE } from '../libs/redis-stream-transport/src/options/record-options.js';
import * as ioredis from '../libs/redis-stream-transport/src/options/redis-options.js';
import { TARGET_TABLE } from '../libs/redis-stream-transport/src/options/redis-target.js';
import { REPLICAS_TABLE } from '../libs/redis-stream-transport/src/options/replicas.js';
import { RETENTION_TABLE } from '../libs/redis-stream-transport/src/options/retention.js';
import { RETRY_TABLE } from '../libs/redis-stream-transport/src/options/retry-policy.js';
import { SERVER_TABLE } from '../libs/redis-stream-transport/src/options/server-options.js';
import { THREADS_TABLE } from '../libs/redis-stream-transport/src/options/threads.js';
import { repository } from '../tools/repository.js';
import { alertsFile, alertsPage } from './deploy/alerts.js';
import { boardFile } from './deploy/board.js';
import { luaFiles } from './lua-files.js';
import { readmePage } from './matrix/table.js';
import { metricsPage } from './metrics-page.js';
import { windowSection } from './window-section.js';

/** One option of a table: its type, its bounds and its default. */
interface Row {
  readonly type: string;
  readonly bounds?: string;
  readonly default: unknown;
}
type Rows = Readonly<Record<string, Row>>;

/** The text of a docstring, and the default that it names. */
interface Doc {
  readonly text: string;
  readonly default: string;
}
type Docs = Readonly<Record<string, Doc>>;

/** Every printed page: its absolute path and the text that must be there. */
export async function printPages(): Promise<{ path: string; text: string }[]> {
  const pages = {
    'README.md': readmePage(),
    'docs/options.md': optionsPage(),
    'docs/errors.md': errorsPage(),
    'docs/metrics.md': metricsPage(PRINTED),
    'docs/alerts.md': alertsPage(PRINTED),
    'deploy/alerts.yaml': alertsFile(),
    'deploy/grafana.json': boardFile(),
    ...(await luaFiles()),
  };
  return Promise.all(
    Object.entries(pages).map(async ([file, text]) => {
      const path = join(repository, file);
      return { path, text: file.endsWith('.lua') ? text : await formatted(path, text) };
    }),
  );
}

const formatted = async (filepath: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(filepath)), filepath });

const PRINTED =
  '<!-- Printed from the sources by `npm run docs`: edit docstrings, tables or scripts/docs-pages.ts. -->';

function optionsPage(): string {
  const common = docstrings('common-options.ts', 'CommonOptions');
  return `${PRINTED}

# Options

Every option can be left out: \`new ServerRedisStreams()\` and \`new ClientRedisStreams()\` talk to localhost:6379.
Options are checked when the object is built. If an option is unknown, refused, out of bounds or contradicts another, the
constructor throws a \`RedisStreamsError\` with the code INVALID_OPTION. Its message names the option and, if it can, the one
that was probably meant.

Durations are whole milliseconds, given as numbers. Sizes are bytes of UTF-8 as written to Redis.
[Concepts](concepts.md#the-words) explains the words, such as group, lease and lane.

## Server

\`new ServerRedisStreams({ … })\`. Beside these, everything under [Connection](#connection).

${table(SERVER_TABLE, { ...common, ...docstrings('server-options.ts', 'RedisStreamsServerOptions') })}

\`queue\` (NATS, RabbitMQ) is another name of \`group\`, \`prefetchCount\` (RabbitMQ) one of \`concurrency\`, and \`gracePeriod\`
(NATS) one of \`drainTimeout\`.

### \`retry\`

Any part may be given; the others keep their defaults. Attempts (runs of the handler that may fail) and deliveries (instances
that were handed the entry) are counted apart.

${table(RETRY_TABLE, docstrings('retry-policy.ts', 'RetryPolicy'))}

### \`retention\`

An event that some live group has not handled yet is kept in any case.

${table(RETENTION_TABLE, docstrings('retention.ts', 'Retention'))}

### \`replicas\`

For a Redis with replicas ([scaling](scaling.md#what-a-failover-may-lose)). To a client, an event or a call counts as stored and
a reply as come when so many replicas have it; a service takes an entry for settled, and starts what may be started once, when
they have taken note. If they have not within \`timeout\`, an event or a call ends with REDIS, \`may-have-run\`, and a service goes
on asking. Each side decides for itself; with both nothing that was confirmed is lost or repeated by a failover.

${table(REPLICAS_TABLE, docstrings('replicas.ts', 'Replicas'))}

On a service \`timeout\` is at most a sixth of \`leaseTtl\`: while Redis waits for replicas, it does nothing else for that connection.

### \`threads\`

For handlers that have \`threads\` in their [extras](#handler) ([threads](threads.md)). Any part may be given.

${table(THREADS_TABLE, docstrings('threads.ts', 'ThreadOptions'))}

## Client

\`new ClientRedisStreams({ … })\`, or \`options\` next to \`customClass: ClientRedisStreams\`. Beside these, everything under
[Connection](#connection). \`prefix\`, \`lanes\`, \`shards\`, \`serializer\` and \`deserializer\` must fit those of the servers.

${table(CLIENT_TABLE, { ...common, ...docstrings('client-options.ts', 'RedisStreamsClientOptions') })}

\`whenNoConsumer\` says what happens to a call if no live instance serves its pattern. Events are always stored.

- \`'fail'\`: the call is refused at once.
- \`'wait'\`: the call is stored and waits until its deadline.
- a number of milliseconds: if the pattern was never served, the call is refused after this time. If it was served before,
  its service is probably being redeployed, so the call is stored and waits until its deadline.

A refused call ends with NO_CONSUMER, \`not-run\`.

\`hooks\` run around each call and event: see [hooks](api.md#hooks-around-calls).${windowSection(table, docstrings)}

## Record

\`new RedisStreamsRecord(data, { … })\` or \`new RedisStreamsRecordBuilder(data).setOptions({ … }).build()\`: options of one
call or event. If one of \`timeout\` and \`idleTimeout\` is given, it replaces both of the client's.

${table(RECORD_TABLE, docstrings('record-options.ts', 'RecordOptions'))}

## Handler

The last argument of \`@MessagePattern(pattern, REDIS_STREAMS, { … })\` and \`@EventPattern\`. Nest gives this object to every
transport that serves the handler, so unknown keys are ignored. A key that is probably a mistake is refused: a misspelt
option (\`concurency\`), the name that other transports have for one (\`prefetch\`, \`retries\`), and an option of a server or a
record (\`leaseTtl\`, \`timeout\`), except \`prefix\`, \`headers\`, \`signal\` and those of serializers. If another transport needs such a key, name that transport in its decorator.

${table(EXTRAS_TABLE, docstrings('handler-extras.ts', 'HandlerExtras'))}

\`queue\` (NATS) is another name of \`group\`, and \`prefetchCount\` (RabbitMQ) one of \`concurrency\`.

\`group\`: a server with handlers in other groups is a member of each of them, with one lease and one reading connection more
per group; \`concurrency\` of the server holds for each group. Statistics, pauses and dead letters are by group. Of a pattern
only one group may answer calls.

\`concurrency\`: an instance reads no more entries of the pattern than can start, so that the rest is there for other instances.
In a lane this holds only nearly, because the next entry may be for any of its patterns. An instance asks a lane for as many
entries as the pattern with the least room can start, and for one at a time while one pattern is at its bound and another is
not. Entries for a pattern at its bound wait in the instance, 1,000 at most in all lanes. So do not put a pattern with a bound
of its own into a lane.

A handler that waits for a call of its own, to any service, lends its place meanwhile to calls of the same pattern that are
nested deeper than itself, because it may wait for one of them. So the bound holds only for handlers that do not wait. A
handler that must run alone from beginning to end, including its calls, needs a lock. Between instances it needs one anyway.

## Connection

Servers and clients take the options of ioredis at the top level (\`host\`, \`port\`, \`password\`, \`tls\`, \`sentinels\` …), or one
of these:

${table(TARGET_TABLE, docstrings('redis-options.ts', 'ConnectionOptions'))}

Passed on to ioredis as they are: ${list(ioredis.PASSED_REDIS_OPTIONS)}.

Refused, because the transport decides them alone:

${refusals(ioredis.REFUSED_REDIS_OPTIONS)}

In \`cluster.options\` these are passed on: ${list(ioredis.PASSED_CLUSTER_OPTIONS)}.

Refused there:

${refusals(ioredis.REFUSED_CLUSTER_OPTIONS)}
`;
}

function errorsPage(): string {
  const rows = Object.entries(REDIS_STREAMS_ERROR_CODES).map(
    ([code, { meaning, retryable }]) => `| ${code} | ${meaning} | ${retryable ? 'yes' : 'no'} |`,
  );
  return `${PRINTED}

# Errors

A failure of the transport itself is a \`RedisStreamsError\`. Errors of user code are not touched: an \`RpcException\`, an
exception filter's result or an unknown error reaches the caller as on Nest's own transports.

| field | what it says |
| - | - |
| \`code\` | one of the codes below; never match on messages |
| \`outcome\` | \`'not-run'\`: no handler ran, certainly; \`'may-have-run'\`: one may have run, or may still run |
| \`retryable\` | whether the same call can succeed when it is tried again; follows from the code |
| \`pattern\` | the pattern of the call or handler, where there is one |
| \`callId\` | which call failed: \`<caller>/<call>\`; undefined for events, and for failures before there was a call |
| \`cause\` | the error that led to it, in this process only |
| \`status\` | always \`'error'\`, as in the errors of Nest's own transports |

Trying again is safe when \`retryable\` is true and \`outcome\` is \`'not-run'\`. With \`'may-have-run'\` the handler must be
idempotent, or the call needs an \`idempotencyKey\`.

Test for it with \`RedisStreamsError.isRedisStreamsError(error)\`, which also recognizes errors of another copy of this package.
\`JSON.stringify\` writes everything but the stack and the cause. A cause that comes from Redis or a connection has its message
and codes, and nothing of the command: no password, and no data of other calls. A client or server that is printed shows where
Redis is and what it serves, and none of its options. The objects that \`unwrap()\` gives are ioredis' own, and show everything.

If Redis refuses writes or cannot be reached, a call that ends at its deadline has the reason as its \`cause\`.

## Which call it was

A call has the same id on both sides, so that the logs of a caller and a service can be joined: \`<caller>/<call>\`, for
instance \`rK0f…Q/10000000042\`. The client makes the first part when it connects; the second part counts its calls. Only both
together name a call. The id stays the same when the call is handed to another instance.

| where | what has it |
| - | - |
| at the caller | \`RedisStreamsError.callId\`; \`callId\` of what \`sendWithMeta\` gives; \`RemoteError.callId\` of contracts |
| at the caller, for errors that a handler threw | \`RedisStreamsError.callIdOf(error)\`: the error arrives as it was sent, so the id is kept apart from it. Texts and numbers have no id |
| at the service | \`ctx.getCallId()\`, and its log lines about the call |

Events have no such id; at the service they have \`ctx.getMessageId()\`. A program that has access to Redis and knows the first
part could answer in a service's place: show it in logs, not to strangers.

## Codes

| code | meaning | \`retryable\` |
| - | - | - |
${rows.join('\n')}

The message of NO_CONSUMER and NO_HANDLER is that of Nest's own transports for a pattern without a handler.

## What handlers may throw

- \`new RetryLater(ms?)\`: the handler runs again, after this many milliseconds or as the retry policy says.
- \`new DeadLetter(reason?)\`: no attempt will ever succeed; the entry becomes a dead letter at once, and a caller gets
  DEAD_LETTERED.

Both are \`RpcException\`s, because Nest's filters replace every other error; a filter of your own that catches everything
must pass them on: \`return throwError(() => exception)\`.
`;
}

function table(rows: Rows, docs: Docs): string {
  const lines = Object.entries(rows).map(([name, row]) => {
    const doc = docs[name];
    if (!doc) throw new Error(`Option "${name}" has no docstring with a default.`);
    const agree = row.default === undefined || shorten(row.default).includes(doc.default);
    if (!agree) throw new Error(`Option "${name}": its docstring tells another default.`);
    return `| \`${name}\` | ${row.type} | ${doc.default} | ${row.bounds ?? ''} | ${doc.text} |`;
  });
  return `| option | type | default | bounds | meaning |\n| - | - | - | - | - |\n${lines.join('\n')}`;
}

/** The ways in which a docstring may write a default. */
function shorten(value: unknown): string[] {
  if (typeof value === 'string') return [`'${value}'`];
  if (value === Object(value)) return ['none', 'see below'];
  if (typeof value !== 'number') return [String(value)];
  return [String(value), `${value / 2 ** 20} MiB`, `${value / 86_400_000} days`];
}

/** The docstrings of an interface, by member. "Default: …" is taken out of the text. */
function docstrings(file: string, name: string): Docs {
  const folder = join(repository, 'libs/redis-stream-transport/src/options');
  const text = readFileSync(join(folder, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const declaration = source.statements.find(
    (node): node is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(node) && node.name.text === name,
  );
  if (declaration === undefined) throw new Error(`There is no interface ${name} in ${file}.`);
  const docs = declaration.members.flatMap((member): [string, Doc][] => {
    const [comment] = ts.getJSDocCommentsAndTags(member);
    const words = ts.getTextOfJSDocComment(comment?.comment)?.replace(/\s+/g, ' ') ?? '';
    const [, told, byDefault] = /^(.*) Default: (.*)\.$/.exec(words) ?? [];
    if (told === undefined || byDefault === undefined) return [];
    return [[member.name?.getText() ?? '', { text: told, default: byDefault }]];
  });
  return Object.fromEntries(docs);
}

const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
const refusals = (reasons: Readonly<Record<string, string>>) =>
  Object.entries(reasons)
    .map(([name, reason]) => `- \`${name}\`: ${reason}.`)
    .join('\n');

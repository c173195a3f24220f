// The pages that are printed from the sources: docs/options.md and docs/errors.md. Types, bounds
// and defaults come from the tables in options/, the words from the docstrings of the options.
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
import { RETENTION_TABLE } from '../libs/redis-stream-transport/src/options/retention.js';
import { RETRY_TABLE } from '../libs/redis-stream-transport/src/options/retry-policy.js';
import { SERVER_TABLE } from '../libs/redis-stream-transport/src/options/server-options.js';
import { repository } from '../tools/repository.js';

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
  const pages = { 'docs/options.md': optionsPage(), 'docs/errors.md': errorsPage() };
  return Promise.all(
    Object.entries(pages).map(async ([file, text]) => {
      const filepath = join(repository, file);
      return {
        path: filepath,
        text: await format(text, { ...(await resolveConfig(filepath)), filepath }),
      };
    }),
  );
}

const PRINTED =
  '<!-- Printed from the sources by `npm run docs`: edit docstrings, tables or scripts/docs-pages.ts. -->';

function optionsPage(): string {
  const common = docstrings('common-options.ts', 'CommonOptions');
  return `${PRINTED}

# Options

Every option can be left out: \`new ServerRedisStreams()\` and \`new ClientRedisStreams()\` talk to localhost:6379.
Options are checked when the object is built. An option that is unknown, refused, out of bounds or contradictory throws a
\`RedisStreamsError\` with the code INVALID_OPTION that names the option and, where it can, the one that was meant.

Durations are whole milliseconds, given as numbers. Sizes are bytes of UTF-8 as written to Redis.

## Server

\`new ServerRedisStreams({ … })\`. Beside these, everything under [Connection](#connection).

${table(SERVER_TABLE, { ...common, ...docstrings('server-options.ts', 'RedisStreamsServerOptions') })}

### \`retry\`

Any part may be given; the others keep their defaults. Attempts, after a failure of the handler, are counted apart from
deliveries, after the death of an instance.

${table(RETRY_TABLE, docstrings('retry-policy.ts', 'RetryPolicy'))}

### \`retention\`

An event that some live group has not handled yet is kept in any case.

${table(RETENTION_TABLE, docstrings('retention.ts', 'Retention'))}

## Client

\`new ClientRedisStreams({ … })\`, or \`options\` next to \`customClass: ClientRedisStreams\`. Beside these, everything under
[Connection](#connection). \`prefix\`, \`lanes\`, \`shards\`, \`serializer\` and \`deserializer\` must fit those of the servers.

${table(CLIENT_TABLE, { ...common, ...docstrings('client-options.ts', 'RedisStreamsClientOptions') })}

\`whenNoConsumer\`: with \`'fail'\` a call is refused at once if no live instance serves its pattern; with \`'wait'\` it is
stored in any case; with a number of milliseconds a pattern that was never served is refused after that time, while one
that was served before is stored and waited for, since its service is being redeployed. Refused calls certainly did
not run. Events are always stored.

## Record

\`new RedisStreamsRecord(data, { … })\` or \`new RedisStreamsRecordBuilder(data).setOptions({ … }).build()\`: options of one
call or event. Either of \`timeout\` and \`idleTimeout\` replaces both of the client's.

${table(RECORD_TABLE, docstrings('record-options.ts', 'RecordOptions'))}

## Handler

The last argument of \`@MessagePattern(pattern, REDIS_STREAMS, { … })\` and \`@EventPattern\`. Nest gives
them to every transport that serves the handler, so keys that are not ours are ignored. A key that looks
like ours is refused: one that is close to an option below (\`concurency\`), what others call one of them (\`prefetch\`,
\`retries\`), and the name of an option of a server or a record (\`group\`, \`timeout\`), except \`prefix\`, \`headers\`, \`signal\`
and those of serializers. If another transport needs such a key, name that transport in its decorator.

${table(EXTRAS_TABLE, docstrings('handler-extras.ts', 'HandlerExtras'))}

\`concurrency\`: an instance reads no more entries of the pattern than can start, so that the rest is there for other instances.
The next entry of a lane may be for any of its patterns. An instance therefore asks a lane for what the pattern with the
least room can start, and for one entry at a time while one is at its bound and another is not; entries that turn out
to be for one at its bound wait in the instance, 1,000 at most in all lanes. Give a pattern with a bound of its own a stream of its own.

A handler that waits for a call of its own, of whatever service, lends its place meanwhile to calls of the same pattern
that were made inside handlers, deeper ones than itself: it may be one of those that it waits for. So the bound holds
for handlers that do not wait. A handler that must run alone from its beginning to its end, its calls included, needs a
lock of its own; between instances it needs one anyway.

## Connection

Servers and clients take the options of ioredis at the top level (\`host\`, \`port\`, \`password\`, \`tls\`, \`sentinels\` …), or one
of these:

${table(TARGET_TABLE, docstrings('redis-options.ts', 'ConnectionOptions'))}

Passed on to ioredis as they are: ${list(ioredis.PASSED_REDIS_OPTIONS)}.

Refused, because the transport decides them alone:

${refusals(ioredis.REFUSED_REDIS_OPTIONS)}
- \`wildcards: true\`: patterns with wildcards are not supported yet; \`wildcards: false\` is accepted. A pattern such as \`orders.*\`
  stands for itself only, and \`listen()\` warns of it.

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
| \`callId\` | which call failed: \`<caller>/<call>\`; not of events, and not of what failed before there was a call |
| \`cause\` | the error that led to it, in this process only |
| \`status\` | always \`'error'\`, as in the errors of Nest's own transports |

Trying again is safe when \`retryable\` is true and \`outcome\` is \`'not-run'\`. With \`'may-have-run'\` the handler must be
idempotent, or the call needs an \`idempotencyKey\`.

Test for it with \`RedisStreamsError.isRedisStreamsError(error)\`, which also knows errors of another copy of this package.
\`JSON.stringify\` gives everything but the stack and the cause. A cause that comes from Redis or a connection holds its message
and codes, and nothing of the command: no password, and no data of other calls. Clients and servers show where Redis is and
what they serve when they are printed, and nothing of their options. What \`unwrap()\` gives is ioredis' own, and shows all.

While Redis refuses writes or is not reached, a call that ends at its deadline has the reason as its \`cause\`.

## Which call it was

A call has one id on both sides, so that the log of a caller and that of a service can be joined:
\`<caller>/<call>\`, for instance \`rK0f…Q/10000000042\`. The first part is made by the client when it connects, the second
counts its calls, so only both together name a call. It stays the same when the call is handed to another instance.

| where | what has it |
| - | - |
| at the caller | \`RedisStreamsError.callId\`; \`callId\` of what \`sendWithMeta\` gives; \`RemoteError.callId\` of contracts |
| at the caller, of what a handler threw | \`RedisStreamsError.callIdOf(error)\`: it is passed on as it was sent, so the id is kept beside it. Texts and numbers have none |
| at the service | \`ctx.getCallId()\`, and its log lines about the call |

Events have no such id; \`ctx.getMessageId()\` is theirs at the service. A program that may read Redis and knows the first part could answer in
a service's place: show it in logs, not to strangers.

## Codes

| code | meaning | \`retryable\` |
| - | - | - |
${rows.join('\n')}

NO_CONSUMER and NO_HANDLER carry the text of Nest's own transports for a pattern without a handler.

## What handlers may throw

- \`new RetryLater(ms?)\`: run me again, after this many milliseconds or as the retry policy says.
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
  if (typeof value !== 'number') return [value === Object(value) ? 'none' : String(value)];
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
    const parts = /^(.*) Default: (.*)\.$/.exec(words);
    const [, told, byDefault] = parts ?? [];
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

// docs/metrics.md: its words, and the table of instruments.
import {
  INSTRUMENT_NAMES,
  INSTRUMENTS,
  instrument,
  LABELS,
  prometheusName,
  type Instrument,
} from '../libs/redis-stream-transport/src/metrics/instruments.js';

const rows = (from: Instrument['from']): string =>
  INSTRUMENT_NAMES.filter((name) => instrument(name).from === from)
    .map((name) => {
      const { kind, labels, help } = instrument(name);
      const said = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${prometheusName(name)}\` | ${kind} | ${said} | ${help} |`;
    })
    .join('\n');

const table = (from: Instrument['from']): string =>
  `| name | kind | labels | what it says |\n| - | - | - | - |\n${rows(from)}`;

const labels = Object.entries(LABELS)
  .map(([label, said]) => `| \`${label}\` | ${said} |`)
  .join('\n');

export const metricsPage = (printed: string): string => `${printed}

# Metrics

What clients and servers do, and what Redis knows of them, for Prometheus and for OpenTelemetry. Both have the same
instruments. They are built on [diagnostics](diagnostics.md); nothing has to be changed in handlers or callers.

## Prometheus

\`\`\`sh
npm install prom-client
\`\`\`

\`\`\`ts
// main.ts, before the application is made
import { instrumentRedisStreams } from 'nestjs-redis-streams/prometheus';

const stop = instrumentRedisStreams({ gauges: { url: 'redis://localhost:6379' } });
// At the end: await stop();
\`\`\`

That is all if you use [\`@willsoto/nestjs-prometheus\`](https://github.com/willsoto/nestjs-prometheus), or serve
\`register.metrics()\` of \`prom-client\` yourself. Call it once for each registry, before clients and servers connect: what
happened before is not counted.

| option | type | default | meaning |
| - | - | - | - |
| \`registry\` | \`Registry\` | that of \`prom-client\` | where the metrics appear |
| \`maxPatterns\` | number | 1,000 | so many patterns have labels of their own; all others are \`other\` |
| \`gauges\` | options of a client, and \`interval\` | none | where to read [what Redis knows](#what-redis-knows); nothing is read without it |

## OpenTelemetry

\`\`\`ts
import { instrumentMeter } from 'nestjs-redis-streams/opentelemetry';

const stop = instrumentMeter({ gauges: { url: 'redis://localhost:6379' } });
\`\`\`

It needs \`@opentelemetry/api\`, and an SDK that the application has registered before; or give it a \`meter\`. The names are
\`nestjs_redis_streams.calls\` and so on, so that exporters for Prometheus make the names of this page of them. Times are recorded
one by one, which costs more than the rest: the API has no histogram that is read.

## Clients

${table('client')}

## Servers

${table('server')}

A [pack](protocol.md#packs) counts as its calls or events, unless something else is said.

## Connections

${table('both')}

## What Redis knows

${table('redis')}

<!-- measured at dc32b10; a record -->

- **One process reads at a time**, of all that have the same Redis and prefix in \`gauges\`: it holds a short key,
  \`{<prefix>}:gauges\`. When it goes, another one takes its turn. So give \`gauges\` to every instance of a service, or of all
  services, or run one process that does nothing else. The figures are of the whole prefix: also of services of which no
  instance lives.
- It reads by itself, every \`interval\` milliseconds (15,000), and not when it is scraped. So a scrape waits for nothing, and
  two Prometheus cost Redis no more than one.
- It reads in steps of about a millisecond, one after the other, and rests 60 times as long as a read has taken. New streams are
  found by a scan of the keys, which is repeated after 0.2 s for each thousand keys of the server: that is a quarter of a percent of a core. \`npm run gauges:cost\` measures it: 1,000 patterns and 50 groups
  cost 28 ms of Redis' processor for each read, 0.2 % of a core; up to 100 ms, 0.6 %, on a machine that is busy.
- When a read fails, \`${prometheusName('redis_read_up')}\` is 0, the other figures are gone, and one line a minute says why. Figures
  that could not be renewed for three intervals are gone, too.
- Its user needs [these rights](security.md#metrics).
- Entries that may be started once only are finished for Redis when they start.
- They count entries: a [pack](protocol.md#packs) is one, with up to 32 calls, or as many [events](protocol.md#packs-of-events) that one client has
  emitted in a turn. It is finished when the last of them is. How many calls and events are handled, the [servers](#servers) count.

## Labels

| label | what it is |
| - | - |
${labels}

There are no ids in labels, and no instances: Prometheus itself adds which process it has scraped. Control characters in a
pattern are written as \`\\u001b\`, and a pattern of more than 200 characters is cut. Codes that this version does not know
are \`other\`.

Buckets of all times, in seconds: ${INSTRUMENTS.call_duration.buckets?.join(', ')}.

## What it costs

Counting is adding to a number: no label is looked up for a call, and nothing is made for it beside the message of the
diagnostics, of which a call has five at both sides together. The text is made when it is scraped.

<!-- measured at 9b1764f; a record -->

Calls that do nothing but echo 100 bytes, 128 in flight, come to 0.97 of the calls per second that they come to without
metrics, on a machine with two cores that does nothing else: 0.8 µs beside the 13.8 µs of processor time that such a call takes client,
service and Redis together (\`npm run bench -- --mode closed --concurrency 128 --peers ours,ours-metrics\`).
`;

import { WINDOW_TABLE } from '../libs/redis-stream-transport/src/options/window.js';

/** The section about `window` on the page of the options. */
export function windowSection<Docs>(
  table: (rows: typeof WINDOW_TABLE, docs: Docs) => string,
  docstrings: (file: string, name: string) => Docs,
): string {
  return `

### \`window\`

How much of a streamed reply may be on its way: what the service has sent and the reader has not taken. \`for await\` takes a value
when the loop gets it, a subscriber when it is told of it. A handler that returns an async iterable is not asked for
more; of one that returns an Observable the extras \`overflow\` and \`buffer\` say what becomes of the rest. \`true\` stands for the defaults.
With \`idleTimeout\` the idle time counts only while the reader has taken all that came, and the service ends the stream
within it when the caller is gone. [Why and how](decisions/0042-streams-that-wait.md).

${table(WINDOW_TABLE, docstrings('window.ts', 'Window'))}`;
}

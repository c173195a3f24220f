// The channel between a process of the fleet and the run: it receives questions, and sends answers and events.

/** What comes with a question, or with an order. */
type Rest = Record<string, never>;

const handlers = new Map<string, (rest: Rest) => unknown>();

interface Message {
  readonly question?: number;
  readonly kind: string;
}

process.on('message', ({ question, kind, ...rest }: Message) => void answer(question, kind, rest));

async function answer(question: number | undefined, kind: string, rest: Rest): Promise<void> {
  const found = await handlers.get(kind)?.(rest);
  if (question !== undefined && process.connected) process.send?.({ question, answer: found });
}

// However the run ends, none of its processes may stay.
process.once('disconnect', () => process.exit());

export function on<T>(kind: string, handler: (rest: T) => unknown): void {
  handlers.set(kind, handler as (rest: Rest) => unknown);
}

export function tell(kind: string, rest: object = {}): void {
  if (process.connected) process.send?.({ kind, ...rest });
}

/** What the run gave this process when it started. */
export const given = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T;

// Where the library keeps what the checker asks about: nothing of it is public, so a test holds these places to the
// library (test/chaos/internals.spec.ts).
import type { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';

interface HiddenInServer {
  readonly members: { readonly all: readonly { readonly consumer: HiddenConsumer }[] };
}

/** An instance in one group. */
interface HiddenConsumer {
  readonly inFlight: number;
  readonly shards: readonly {
    readonly parts: {
      readonly readings: {
        readonly main: {
          readonly streams: readonly { readonly held: { readonly size: number } }[];
        };
      };
    };
  }[];
}

interface HiddenInClient {
  readonly producer: {
    readonly calls: { readonly size: number };
    readonly events: { readonly open: number };
    readonly deadlines: { readonly length: number };
    sendAgain(call: unknown): void;
  };
}

/** Entries and handlers that a server holds. Throws when the library keeps them in another place. */
export function heldByServer(server: ServerRedisStreams): Readonly<Record<string, number>> {
  const consumers = (server as unknown as HiddenInServer).members.all.map((one) => one.consumer);
  const streams = consumers.flatMap(({ shards }) =>
    shards.flatMap(({ parts }) => parts.readings.main.streams),
  );
  return {
    running: consumers.reduce((sum, { inFlight }) => sum + inFlight, 0),
    held: streams.reduce((sum, stream) => sum + stream.held.size, 0),
  };
}

/** Calls, events and deadlines that a client holds. Throws when the library keeps them in another place. */
export function heldByClient(client: ClientRedisStreams): Readonly<Record<string, number>> {
  const { calls, events, deadlines } = (client as unknown as HiddenInClient).producer;
  return { calls: calls.size, events: events.open, deadlines: deadlines.length };
}

/** Calls `then` whenever a connected client sends a call again. Throws when the library does so elsewhere. */
export function whenSentAgain(client: ClientRedisStreams, then: () => void): void {
  const { producer } = client as unknown as HiddenInClient;
  const sendAgain = producer.sendAgain.bind(producer);
  producer.sendAgain = (call) => {
    then();
    sendAgain(call);
  };
}

import { textOr } from '../redis/answer.js';
import { inParts, unlessRefused, type Place } from './place.js';

/** Connections of one server that are listed at most: Redis does nothing else meanwhile. */
const MOST = 5000;

/** An application that has a client connected. Redis does not say for which prefix. */
export interface ConnectedCaller {
  /** As its connections are named: the name of the package, or of the script that runs. */
  readonly application: string;
  /** Host and process id. */
  readonly process: string;
  /** IP addresses that it was seen at. */
  readonly addresses: readonly string[];
  readonly connections: number;
}

/**
 * The applications that have clients connected, by name; undefined where a server does not permit the question, or has
 * more than 5,000 connections.
 */
export async function callersOfPlace({
  servers,
}: Place): Promise<readonly ConnectedCaller[] | undefined> {
  const lists = await inParts(servers, async (link) => {
    const clients = textOr(await unlessRefused(link.command('info', ['clients']), ''), '');
    const connected = Number(/^connected_clients:(\d+)/m.exec(clients)?.[1] ?? 0);
    if (connected > MOST) return undefined;
    return unlessRefused(link.command('client', ['list']), undefined);
  });
  const callers = new Map<string, { addresses: Set<string>; connections: number }>();
  for (const list of lists) {
    if (typeof list !== 'string') return undefined;
    const line = /^id=\d+ addr=(\S*):\d+ .*?\bname=nestjs-redis-streams:client:\w+:(\S+)/gm;
    for (const [, address = '', name = ''] of list.matchAll(line)) {
      const known = callers.get(name) ?? { addresses: new Set<string>(), connections: 0 };
      callers.set(name, known);
      known.addresses.add(address);
      known.connections++;
    }
  }
  return [...callers]
    .map(([name, { addresses, connections }]) => {
      const [application = '', process = ''] = name.split(':');
      return { application, process, addresses: [...addresses].toSorted(), connections };
    })
    .toSorted((one, other) => (one.application < other.application ? -1 : 1));
}

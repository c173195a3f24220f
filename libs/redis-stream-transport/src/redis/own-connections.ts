import type { Connection } from './connect.js';
import type { ConnectionKeeper } from './link-settings.js';

/** Hears of a new connection of a link. */
type Told = (link: object, connection: Connection) => Promise<void> | void;

/** Under which ids (`CLIENT ID`) Redis knows the connections that an instance has at the moment. */
export class OwnConnections implements ConnectionKeeper {
  /** Ids by link; undefined: the server does not tell. */
  private readonly open = new Map<object, number | undefined>();
  /** Connections by link, from the question for their id on. */
  private readonly asked = new Map<object, Connection>();
  private toldChanged: Told = noop;
  private toldCutOff: () => void = noop;

  /** All of them, in the order in which they opened; none as long as one of them is unknown. */
  get ids(): readonly number[] {
    const ids: number[] = [];
    for (const id of this.open.values()) {
      if (id === undefined) return [];
      ids.push(id);
    }
    return ids;
  }

  /** The id of the connection that a link has at the moment. */
  idOf(link: object): number | undefined {
    return this.open.get(link);
  }

  /** There is a connection that nobody has noted yet. It is used for nothing else before `told` has ended. */
  whenChanged(told: Told): void {
    this.toldChanged = told;
  }

  /** The last of the known connections is gone. */
  whenCutOff(told: () => void): void {
    this.toldCutOff = told;
  }

  async opened(link: object, connection: Connection): Promise<void> {
    this.asked.set(link, connection);
    const id = await clientId(connection);
    // It ended meanwhile: this link has none, or another one by now.
    if (this.asked.get(link) !== connection) return;
    this.open.set(link, id);
    await this.toldChanged(link, connection);
  }

  ended(link: object): void {
    const id = this.open.get(link);
    this.open.delete(link);
    this.asked.delete(link);
    if (id !== undefined && this.open.size === 0) this.toldCutOff();
  }
}

async function clientId(connection: Connection): Promise<number | undefined> {
  // Not permitted, or not known: the lease tells when this instance is dead, as without ids.
  const id = Number(await connection.call('CLIENT', 'ID').catch(() => undefined));
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

function noop(): void {}

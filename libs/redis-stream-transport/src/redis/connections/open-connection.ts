import { Attempt } from './attempt.js';
import type { NodeAddress } from '../../options/index.js';
import { CommandFailure } from '../failure.js';
import type { LinkRole, LinkSettings } from '../link-settings.js';
import { prepareConnection } from './prepare-connection.js';
import { runIdOf } from '../server-identity.js';
import type { OpenConnection, Opening } from './shared-connections.js';
import { Waits } from '../waits.js';

/**
 * Milliseconds for connecting, unless the user sets a longer `connectTimeout`, and for each of the first commands: a
 * server that stands still takes connections and answers nothing.
 */
export const SETUP_TIMEOUT = 4000;
/** Milliseconds for asking for credentials. */
const PREPARE_TIMEOUT = 10_000;

/** Connects, unless it is told to give up. */
export class ConnectionOpening implements Opening {
  private aborted = false;
  private readonly waits = new Waits(SETUP_TIMEOUT, () => this.aborted);
  /** Rejects with the best known reason. */
  readonly opened: Promise<OpenConnection>;

  constructor(settings: LinkSettings, role: LinkRole, node: NodeAddress | undefined) {
    this.opened = open(this.waits, settings, role, node);
  }

  /** Gives up at once. */
  abort(): void {
    this.aborted = true;
    this.waits.wake();
  }
}

/** Makes a connection and waits until it takes commands. */
async function open(
  waits: Waits,
  settings: LinkSettings,
  role: LinkRole,
  node: NodeAddress | undefined,
): Promise<OpenConnection> {
  let attempt: Attempt | undefined;
  try {
    const prepared = prepareConnection(settings, role, node);
    attempt = new Attempt(await waits.within(prepared, undefined, PREPARE_TIMEOUT));
    const { connection } = attempt;
    const gone = attempt.gone();
    const patience = Math.max(SETUP_TIMEOUT, connection.options.connectTimeout ?? 0);
    const late = connection.options.tls ? 'Redis did not answer by TLS in time' : undefined;
    await waits.within(connection.connect(), gone, patience, late);
    attempt.passed();
    return { attempt, runId: await waits.within(runIdOf(connection), gone) };
  } catch (error) {
    attempt?.destroy();
    const refused = error instanceof CommandFailure && error.kind === 'refused';
    throw refused ? error : (attempt?.told ?? error);
  }
}

import type { IncomingMessage } from 'node:http';
import { RedisStreamsError } from '../errors.js';
import { KeptConnections } from '../operate/index.js';
import { resolveClientOptions, type RedisStreamsClientOptions } from '../options/index.js';

/** Who looks at the page. */
export interface DashboardUser {
  /** Stands in the log beside what was done. Default: `'somebody'`. */
  readonly name?: string;
  /** This user may look, and change nothing. Default: `false`. */
  readonly readOnly?: boolean;
}

/** Says who sends a request: false if nobody who may look, true if somebody without a name. */
export type DashboardGuard = (
  request: IncomingMessage,
) => boolean | DashboardUser | Promise<boolean | DashboardUser>;

/** A name and a password that browsers ask for (HTTP Basic); only safe over TLS, or on one machine. */
export interface DashboardPassword {
  readonly user: string;
  readonly password: string;
}

/** The options of a client say where Redis is and what it is called there; these say what the page may do. */
export interface DashboardOptions extends RedisStreamsClientOptions {
  /** Path of the page, whatever the global prefix of the application is. Default: `'/streams'`. */
  route?: string;
  /** Nothing can be changed. Default: `true`. */
  readOnly?: boolean;
  /** Who may look. Required where `readOnly` is false, unless NODE_ENV is `development` or `test`. Default: everybody. */
  auth?: DashboardGuard | DashboardPassword;
  /** Data, values of headers and replies are not sent to the page. Default: `false`. */
  hidePayloads?: boolean;
  /** Milliseconds from one look at Redis to the next, while somebody watches. Default: 2000. */
  interval?: number;
}

/** What the page works with. */
export interface DashboardSettings {
  /** Begins with a slash and does not end with one; empty for the root. */
  readonly route: string;
  readonly readOnly: boolean;
  readonly auth: DashboardGuard | DashboardPassword | undefined;
  readonly hidePayloads: boolean;
  readonly interval: number;
  readonly prefix: string;
  /** The options of the clients that look. */
  readonly place: RedisStreamsClientOptions;
  /** The connections of those that look again and again. */
  readonly kept: KeptConnections;
}

/** Milliseconds for which connections are kept beyond the next look. */
const KEPT = 10_000;

const OPEN: ReadonlySet<string | undefined> = new Set(['development', 'test']);

/**
 * Checks options of the page. It fails here, at the start, where everybody could change something.
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function settingsOf(options: DashboardOptions, stage = process.env['NODE_ENV']) {
  const {
    route = '/streams',
    readOnly = true,
    auth,
    hidePayloads = false,
    interval = 2000,
    ...given
  } = options;
  check(typeof route === 'string' && /^\/?[\w./~-]*$/.test(route), '"route" is a path');
  check(typeof readOnly === 'boolean', '"readOnly" is true or false');
  check(typeof hidePayloads === 'boolean', '"hidePayloads" is true or false');
  check(
    Number.isInteger(interval) && interval >= 100 && interval <= 60_000,
    '"interval" is a whole number of milliseconds from 100 to 60000',
  );
  check(
    auth === undefined || typeof auth === 'function' || isPassword(auth),
    '"auth" is a function, or { user, password } with texts that are not empty',
  );
  check(
    readOnly || auth !== undefined || OPEN.has(stage),
    'with "readOnly: false" everybody who reaches the page could replay and discard: give "auth" as well' +
      ' (only where NODE_ENV is "development" or "test" it may be missing)',
  );
  // A page that waits for half a minute tells nobody that Redis is down.
  const place = { timeout: 10_000, retryAttempts: 2, ...given };
  const path = route.replaceAll(/^\/+|\/+$/g, '');
  const settings: DashboardSettings = {
    ...{ route: path === '' ? '' : `/${path}`, readOnly, auth, hidePayloads, interval, place },
    prefix: resolveClientOptions(place).prefix,
    kept: new KeptConnections(place, interval + KEPT),
  };
  return settings;
}

const isPassword = (auth: DashboardPassword): boolean =>
  typeof auth === 'object' && isText(auth?.user) && isText(auth?.password);

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

function check(holds: boolean, told: string): void {
  if (!holds) throw new RedisStreamsError('INVALID_OPTION', `dashboard: ${told}`);
}

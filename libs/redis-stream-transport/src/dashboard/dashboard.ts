import type { IncomingMessage, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { RedisStreamsError } from '../errors.js';
import { readOverview, readStatistics, type KeptConnections } from '../operate/index.js';
import { visible } from '../protocol/visible.js';
import { showOnly } from '../redis/shown.js';
import { thrownText } from '../thrown.js';
import { settingsOf, type DashboardOptions, type DashboardSettings } from './dashboard-options.js';
import { Poller, type Seen } from './live/poller.js';
import { Viewers } from './live/viewers.js';
import { neededText, textIn, type Input } from './reads/input.js';
import { CHANGES, QUESTIONS } from './routes.js';
import { visitorOf, type Visitor } from './serve/authentication.js';
import { bodyOf } from './serve/body.js';
import { isPageFile, sendPageFile } from './serve/page-files.js';
import { checkOrigin, protect } from './serve/protection.js';
import { answer, Refusal } from './serve/refusal.js';

/** Errors that another request would not have. */
const ASKED_WRONGLY: ReadonlySet<string> = new Set([
  'INVALID_OPTION',
  'INVALID_MESSAGE',
  'PAYLOAD_TOO_LARGE',
]);
/** Milliseconds that one look may search for keys. */
const LOOK = 10_000;
/** Milliseconds that one look waits for what instances say. */
const PATIENCE = 150;

/**
 * The page, for any server of `node:http`. It opens no connection before somebody looks.
 *
 * @example
 * const dashboard = new Dashboard({ url, route: '/streams' });
 * createServer((request, response) => {
 *   if (!dashboard.handle(request, response)) response.writeHead(404).end();
 * });
 */
export class Dashboard {
  static {
    showOnly(this, ({ settings }) => ({ route: settings.route, prefix: settings.prefix }));
  }

  /** Path at which the page is. */
  readonly route: string;
  private readonly settings: DashboardSettings;
  private readonly poller: Poller;
  private readonly viewers: Viewers;
  private readonly logger = new Logger(Dashboard.name);

  /** @throws RedisStreamsError INVALID_OPTION, also where everybody could change something */
  constructor(options: DashboardOptions = {}) {
    this.settings = settingsOf(options);
    const { route, kept, interval } = this.settings;
    this.route = route;
    this.poller = new Poller(() => lookAt(kept), interval);
    this.viewers = new Viewers(this.poller);
  }

  /**
   * Answers a request for the page.
   * @param url as the client sent it, where the server has changed `request.url`
   * @returns false if the request is for something else, and was left alone
   */
  handle(request: IncomingMessage, response: ServerResponse, url = request.url ?? ''): boolean {
    const { route } = this;
    const end = url.indexOf('?');
    const path = end < 0 ? url : url.slice(0, end);
    if (path !== route && !path.startsWith(`${route}/`)) return false;
    const query = end < 0 ? '' : url.slice(end + 1);
    void this.respond({ request, response, path: path.slice(route.length), query });
    return true;
  }

  /** Ends what pages wait for, and closes the connections. Idempotent. */
  close(): void {
    this.viewers.close();
    void this.settings.kept.close();
  }

  /** Never rejects. */
  private async respond(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    response.on('error', () => undefined);
    try {
      protect(response);
      checkOrigin(request);
      const visitor = await visitorOf(request, this.settings);
      await this.serve(exchange, visitor);
    } catch (error) {
      this.refuse(response, error);
    }
  }

  private async serve({ request, response, path, query }: Exchange, visitor: Visitor) {
    const name = path.slice(1);
    const { method } = request;
    const change = CHANGES.get(name);
    if (change !== undefined) {
      if (method !== 'POST') throw new Refusal(405, 'send it by POST', { allow: 'POST' });
      if (visitor.readOnly) throw new Refusal(403, 'this page is read-only');
      const input = await bodyOf(request);
      const told = await change(this.settings, input);
      this.note(visitor, name, input, told);
      return answer(response, 200, told);
    }
    if (method !== 'GET' && method !== 'HEAD') {
      throw new Refusal(405, 'only GET is understood here', { allow: 'GET, HEAD' });
    }
    // Links of the page are relative: they lead somewhere else without the slash.
    if (path === '') {
      const last = this.route.slice(this.route.lastIndexOf('/') + 1);
      response.writeHead(308, { location: `${last}/${query === '' ? '' : `?${query}`}` });
      return void response.end();
    }
    if (isPageFile(name)) return sendPageFile(name, request, response);
    if (name === 'api/live') return this.viewers.add(request, response);
    const input = Object.fromEntries(new URLSearchParams(query));
    const told = await this.ask(name, input, visitor);
    if (told === undefined) throw new Refusal(404, 'there is nothing of that name');
    return answer(response, 200, told);
  }

  private async ask(name: string, input: Input, visitor: Visitor): Promise<unknown> {
    const { prefix, hidePayloads } = this.settings;
    if (name === 'api/about') return { prefix, hidePayloads, ...visitor };
    if (name === 'api/history') {
      const [stream, group] = [neededText(input, 'stream'), textIn(input, 'group') ?? ''];
      return { points: this.poller.history.of(stream, group, Date.now()) };
    }
    return QUESTIONS.get(name)?.(this.settings, input);
  }

  /** Who did what, for those who ask tomorrow. Without data, and without what a line must not hold. */
  private note({ name }: Visitor, path: string, input: Input, told: unknown): void {
    const { data, headers: _headers, ids, ...rest } = input;
    const count = Array.isArray(ids) ? { ids: ids.length } : {};
    const edited = data === undefined ? {} : { data: '(new)' };
    const { reasons: _reasons, ...became } = told as Record<string, unknown>;
    const what = JSON.stringify({ ...rest, ...count, ...edited });
    const line = `${name} did ${path.replace('api/', '')} ${what}: ${JSON.stringify(became)}`;
    this.logger.log(visible(line).slice(0, 1024));
  }

  private refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent) return void response.destroy();
    if (error instanceof Refusal) {
      return answer(response, error.status, { error: error.message }, error.headers);
    }
    if (RedisStreamsError.isRedisStreamsError(error)) {
      const { code, message, cause } = error;
      const why = code === 'NOT_CONNECTED' && cause !== undefined ? `: ${thrownText(cause)}` : '';
      return answer(response, ASKED_WRONGLY.has(code) ? 400 : 502, {
        error: `${message}${why}`,
        code,
      });
    }
    this.logger.error(error);
    answer(response, 500, { error: 'something is wrong with this page; the log says what' });
  }
}

/** Redis is asked first: it says whom to ask what they have done. */
async function lookAt(kept: KeptConnections): Promise<Seen> {
  const overview = await readOverview(kept, LOOK);
  const services = overview.services
    .filter(({ instances }) => instances.length > 0)
    .map(({ service }) => service);
  const statistics = await readStatistics(kept, { services, patience: PATIENCE });
  return { overview, statistics };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Below the route. */
  readonly path: string;
  readonly query: string;
}

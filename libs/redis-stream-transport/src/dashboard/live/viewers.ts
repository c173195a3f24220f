import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from '../serve/refusal.js';
import type { News, Poller } from './poller.js';

/** Pages that are kept up to date at once. */
const MOST = 32;
/** Milliseconds after which a page that takes nothing is given up. */
const STUCK = 60_000;

/** The pages that are open: each gets every look as a server-sent event. */
export class Viewers {
  private readonly open = new Map<ServerResponse, () => void>();
  private closed = false;

  constructor(private readonly poller: Poller) {}

  /** @throws Refusal if there are too many */
  add(request: IncomingMessage, response: ServerResponse): void {
    if (this.closed) throw new Refusal(503, 'the application is closing');
    if (this.open.size >= MOST) {
      throw new Refusal(503, `${MOST} pages are open already; close one, and reload this one`);
    }
    request.socket.setNoDelay(true);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies must not gather what belongs on the screen.
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    send(response, 'history', this.poller.history.total(Date.now()));
    let takenAt = performance.now();
    const leave = this.poller.watch((news) => {
      // A page that is slower than Redis misses looks, and nothing is kept for it.
      if (!response.writableNeedDrain) takenAt = performance.now();
      else if (performance.now() - takenAt > STUCK) response.destroy();
      else return;
      tell(response, news);
    });
    const gone = (): void => {
      leave();
      this.open.delete(response);
    };
    this.open.set(response, gone);
    response.once('close', gone);
    response.on('error', gone);
  }

  /** Ends all of them. */
  close(): void {
    this.closed = true;
    for (const [response, gone] of this.open) {
      gone();
      response.end();
    }
  }
}

function tell(response: ServerResponse, news: News): void {
  if (response.destroyed) return;
  if (news.kind === 'look') send(response, 'look', { look: news.look, point: news.point });
  else send(response, 'trouble', news);
}

/** JSON has no line ends of its own. */
function send(response: ServerResponse, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

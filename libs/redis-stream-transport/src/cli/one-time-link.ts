import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const HOSTS = /^(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)$/;

/**
 * Lets in who opens a link that the command has printed, once: the browser gets a cookie for the link. Other users and
 * other sites of the machine have neither.
 */
export class OneTimeLink {
  private readonly token = randomBytes(24).toString('base64url');
  private readonly secret = randomBytes(24).toString('base64url');
  private used = false;

  constructor(private readonly port: () => number) {}

  get url(): string {
    return `http://127.0.0.1:${this.port()}/?token=${this.token}`;
  }

  /** Whether the browser has been let in. */
  knows({ headers }: IncomingMessage): boolean {
    return (headers.cookie ?? '').split(/; */).includes(`${this.cookie}=${this.secret}`);
  }

  /** Answers who comes with the link, or with nothing; false for those who were let in. */
  receive(request: IncomingMessage, response: ServerResponse): boolean {
    const { host = '' } = request.headers;
    // A name that leads here, but is not ours, belongs to a site that wants to be taken for this one.
    if (HOSTS.exec(host)?.[1] !== String(this.port())) {
      return refuse(response, 'This is not the address that the command has printed.');
    }
    const given = new URL(request.url ?? '/', `http://${host}`).searchParams.get('token');
    const known = this.knows(request);
    if (given === null && known) return false;
    if (!known && (this.used || given !== this.token)) {
      return refuse(
        response,
        'Open the link that the command has printed. It works once: start the command again for another browser.',
      );
    }
    this.used = true;
    response.writeHead(303, {
      location: './',
      'set-cookie': `${this.cookie}=${this.secret}; HttpOnly; SameSite=Strict; Path=/`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    response.end();
    return true;
  }

  /** Browsers send cookies to every port of a host. */
  private get cookie(): string {
    return `nestjs-redis-streams-${this.port()}`;
  }
}

function refuse(response: ServerResponse, text: string): true {
  response.writeHead(403, {
    'content-type': 'text/plain; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'cache-control': 'no-store',
  });
  response.end(`${text}\n`);
  return true;
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from './refusal.js';

/** A header that pages of other origins cannot send without being asked for their origin first. */
export const OWN_HEADER = 'x-nestjs-redis-streams';

/** The page gets scripts, styles and data from where it came from, and from nowhere else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** What the application allows other origins does not go for this page. */
const CORS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
];

export function protect(response: ServerResponse): void {
  for (const name of CORS) response.removeHeader(name);
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
}

/**
 * Refuses what another site makes a browser send.
 * @throws Refusal
 */
export function checkOrigin({ method, headers }: IncomingMessage): void {
  const site = headers['sec-fetch-site'];
  const looks = method === 'GET' || method === 'HEAD';
  // A link on another page may lead here: the browser shows the page, and the other page sees nothing of it.
  const follows = looks && headers['sec-fetch-mode'] === 'navigate';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !follows) {
    throw new Refusal(403, 'this was asked for by a page of another site');
  }
  if (looks) return;
  // Browsers name the site over TLS and on one machine only; the origin of what changes something they always name.
  const { origin, host } = headers;
  if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) {
    throw new Refusal(
      403,
      'the origin of this request is not the host that it was sent to; a proxy in between must pass the host on',
    );
  }
  if (headers[OWN_HEADER] === undefined) {
    throw new Refusal(403, `a request that changes something has the header ${OWN_HEADER}`);
  }
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

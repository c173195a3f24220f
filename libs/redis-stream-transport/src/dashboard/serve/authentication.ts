import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DashboardPassword, DashboardSettings, DashboardUser } from '../dashboard-options.js';
import { Refusal } from './refusal.js';

/** Who sends a request, and whether they may change something. */
export interface Visitor {
  readonly name: string;
  readonly readOnly: boolean;
}

/** @throws Refusal if it is nobody who may look */
export async function visitorOf(
  request: IncomingMessage,
  { auth, readOnly }: DashboardSettings,
): Promise<Visitor> {
  if (auth === undefined) return { name: 'somebody', readOnly };
  if (typeof auth !== 'function') {
    return { name: checkPassword(request, auth), readOnly };
  }
  const answer = await auth(request);
  if (answer === true) return { name: 'somebody', readOnly };
  if (typeof answer !== 'object' || answer === null) {
    throw new Refusal(403, 'you may not look at this page');
  }
  const { name = 'somebody', readOnly: only = false }: DashboardUser = answer;
  return { name, readOnly: readOnly || only };
}

function checkPassword(
  { headers }: IncomingMessage,
  { user, password }: DashboardPassword,
): string {
  const [, given = ''] = /^basic +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  const credentials = Buffer.from(given, 'base64').toString();
  if (!isSame(credentials, `${user}:${password}`)) {
    throw new Refusal(401, 'name and password, please', {
      'www-authenticate': 'Basic realm="Redis Streams", charset="UTF-8"',
    });
  }
  return user;
}

/** Takes as long for texts that differ early as for those that differ late. */
export function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

import { shownLines } from './format.js';

/** What the server answers, and how it is asked. Paths are relative: the page works below any route. */

export interface About {
  readonly prefix: string;
  readonly hidePayloads: boolean;
  readonly name: string;
  readonly readOnly: boolean;
}

/** What the server refused, in its words, of which others may have written some. */
export class Refused extends Error {
  constructor(told: string) {
    super(shownLines(told));
  }
}

export async function ask<T>(
  path: string,
  query: Record<string, string | undefined> = {},
): Promise<T> {
  const given = Object.entries(query).filter((one): one is [string, string] => Boolean(one[1]));
  const search = new URLSearchParams(given).toString();
  return answerOf<T>(await fetch(`api/${path}${search === '' ? '' : `?${search}`}`));
}

export async function change<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(`api/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/vnd.nestjs-redis-streams+json',
      'x-nestjs-redis-streams': 'page',
    },
    body: JSON.stringify(body),
  });
  return answerOf<T>(response);
}

async function answerOf<T>(response: Response): Promise<T> {
  let told: unknown;
  try {
    told = await response.json();
  } catch {
    throw new Refused(`the server answered with ${response.status}`);
  }
  if (response.ok) return told as T;
  throw new Refused(
    (told as { error?: string }).error ?? `the server answered with ${response.status}`,
  );
}

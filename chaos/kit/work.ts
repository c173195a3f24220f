// What a call asks for, and its only right answer.
import { createHash } from 'node:crypto';

const digest = (text: string) => createHash('sha1').update(text).digest('base64url').slice(0, 16);

/** The hash of a request, data included. */
export const requestHash = (data: unknown): string => digest(JSON.stringify(data));

/**
 * f(request): the hash of the only right answer.
 *
 * @param request a request's hash
 */
export const answerHash = (request: string): string => digest(`answer to ${request}`);

/** @param bytes further text in the reply */
export function answerTo(request: string, bytes: number): { answer: string; text?: string } {
  return { answer: answerHash(request), ...(bytes > 0 ? { text: filling(request, bytes) } : {}) };
}

/** The answer's hash if the whole reply is right; otherwise a text that shows what is wrong. */
export function hashOfReply(reply: unknown, request: string, bytes: number): string {
  if (reply === null || typeof reply !== 'object') return `a reply of type ${typeof reply}`;
  const { answer, text } = reply as { answer?: unknown; text?: unknown };
  if (bytes > 0 && text !== filling(request, bytes)) return 'a reply with a wrong text';
  return String(answer);
}

function filling(request: string, bytes: number): string {
  return `${request} `.repeat(Math.ceil(bytes / (request.length + 1))).slice(0, bytes);
}

// What a call asks for and what its only right answer is.
import { createHash } from 'node:crypto';

const digest = (text) => createHash('sha1').update(text).digest('base64url').slice(0, 16);

/** What identifies a request, data and all. @param {unknown} data */
export const requestHash = (data) => digest(JSON.stringify(data));

/** f(request): the hash of the only right answer. @param {string} request a request's hash */
export const answerHash = (request) => digest(`answer to ${request}`);

/** @param {string} request @param {number} bytes further text in the reply */
export function answerTo(request, bytes) {
  return { answer: answerHash(request), ...(bytes > 0 ? { text: filling(request, bytes) } : {}) };
}

/** The answer's hash if the whole of the reply is right; otherwise what shows that it is not. */
export function hashOfReply(reply, request, bytes) {
  if (reply === null || typeof reply !== 'object') return `a reply of type ${typeof reply}`;
  if (bytes > 0 && reply.text !== filling(request, bytes)) return 'a reply with a wrong text';
  return String(reply.answer);
}

function filling(request, bytes) {
  return `${request} `.repeat(Math.ceil(bytes / (request.length + 1))).slice(0, bytes);
}

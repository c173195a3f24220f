/** What identifies a request, data and all. */
export function requestHash(data: unknown): string;
/** f(request): the hash of the only right answer. */
export function answerHash(request: string): string;
export function answerTo(request: string, bytes: number): { answer: string; text?: string };
/** The answer's hash if the whole of the reply is right; otherwise what shows that it is not. */
export function hashOfReply(reply: unknown, request: string, bytes: number): string;

/** What identifies a request, data and all. */
export function requestHash(data: unknown): string;
/** f(request): the hash of the only right answer. */
export function answerHash(request: string): string;

/**
 * Data that is still being made. Whoever sends it has its call on the books at once: under its timeout, its
 * signal and `close()`. If making it fails, the call ends with that error, and nothing was sent.
 */
export class LateData {
  constructor(readonly made: Promise<unknown>) {
    // The call may be refused before anybody listens.
    made.catch(() => undefined);
  }
}

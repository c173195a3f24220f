/**
 * Data that is still being made. Its call is on the books at once, so its timeout, its signal and `close()` apply.
 * If making the data fails, the call ends with that error, and nothing is sent.
 */
export class LateData {
  constructor(readonly made: Promise<unknown>) {
    // The call may be refused before anything awaits the data.
    made.catch(() => undefined);
  }
}

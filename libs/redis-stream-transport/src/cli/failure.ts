/** What the command line says and ends with, without a stack. */
export class Failure extends Error {
  /** @param exitCode 1: it did not work; 2: it was called wrongly; 4: its time was up */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 | 4 = 1,
  ) {
    super(message);
  }
}

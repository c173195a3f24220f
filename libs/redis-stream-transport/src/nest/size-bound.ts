/** How many bytes of UTF-8 a text may take, and what to say of one that takes more. */
export class SizeBound {
  readonly complaint: string;

  /**
   * @param what the text is, in words
   * @param option that sets the bound
   */
  constructor(
    what: string,
    option: string,
    private readonly bytes: number,
  ) {
    this.complaint = `${what} is larger than ${option} (${bytes})`;
  }

  isExceededBy(text: string): boolean {
    // A unit of UTF-16 takes at most three bytes, so most texts need no counting.
    return text.length * 3 > this.bytes && Buffer.byteLength(text) > this.bytes;
  }
}

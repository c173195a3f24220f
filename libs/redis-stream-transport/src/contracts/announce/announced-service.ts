/** A service that a server tells others about while its lease holds. */
export interface AnnouncedService {
  /** 1 to 200 characters; the same for all instances. */
  readonly name: string;
  /** A long text that describes it, at most 1,048,576 characters; asked for once. Default: none. */
  document?(): string | undefined | Promise<string | undefined>;
  /**
   * What this instance says now, as JSON of at most 65,000 characters; asked for every third of a lease,
   * and when a client asks. Default: nothing.
   */
  about?(): unknown;
}

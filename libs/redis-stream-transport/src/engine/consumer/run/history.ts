/** What is known of an entry beside its text. */
export interface History {
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
  /** Of these, to instances that left by themselves: they do not count as deliveries that went wrong. */
  readonly spared: number;
  /** It is on its last permitted delivery, beyond the first: it may be what ended its instances. */
  readonly suspect: boolean;
  /** Attempts that failed before. */
  readonly attempts: number;
  /** What an earlier attempt left for this one. */
  readonly state: string;
  /** Memory of Redis at the read. */
  readonly incarnation: string;
  /** Connections of this process at the read. */
  readonly generation: number;
}

/** Where the words of the command go and come from; a test looks at them. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Characters of a line, where output goes to a terminal; undefined elsewhere. */
  readonly columns?: number | undefined;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input. */
  read?(): Promise<string>;
  /** Ends what runs until it is interrupted; a test does that. Undefined: signals do. */
  readonly ended?: Promise<unknown> | undefined;
  /** Asks the person at the terminal; undefined where nobody is. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

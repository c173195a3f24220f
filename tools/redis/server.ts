/** A program that can be started as a server. */
export interface Server {
  readonly bin: string;
  readonly env: NodeJS.ProcessEnv;
  /** How it was found. */
  readonly from: string;
}

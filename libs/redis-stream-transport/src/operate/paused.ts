/** A pattern of a service of which nothing new starts. Times in milliseconds since 1970, by Redis' clock. */
export interface PausedPattern {
  readonly service: string;
  readonly pattern: string;
  /** Since when. */
  readonly at: number;
  /** When it ends by itself; undefined: when somebody resumes it. */
  readonly until: number | undefined;
  /** Calls are refused with PAUSED instead of waiting. */
  readonly refuses: boolean;
  /** In the words of who paused it; '' if nothing was said. */
  readonly reason: string;
}

/** An instance that takes nothing new. */
export interface PausedInstance extends Omit<PausedPattern, 'pattern' | 'refuses'> {
  /** Its host and process id. */
  readonly instance: string;
}

/** What is paused in a place. */
export interface Paused {
  /** By service and pattern. */
  readonly patterns: readonly PausedPattern[];
  readonly instances: readonly PausedInstance[];
}

/** What is to be paused. */
export interface PauseRequest {
  /** Default: the service that answers or hears the pattern, or has the instance, if there is one only. */
  readonly service?: string;
  /** When it ends by itself, in milliseconds since 1970. Default: when somebody resumes it. */
  readonly until?: number;
  /** Why: for those who see it, 200 characters at most. */
  readonly reason?: string;
  /** Milliseconds to wait for the instances to apply it. Default: 5,000. */
  readonly wait?: number;
}

export interface PatternPauseRequest extends PauseRequest {
  readonly pattern: string;
  /** Refuse calls with PAUSED instead of letting them wait. Default: false. */
  readonly refuse?: boolean;
}

export interface InstancePauseRequest extends PauseRequest {
  /** Host and process id as `readServices` names it, or one of its consumers. */
  readonly instance: string;
}

/** What has become of it. */
export interface PauseResult {
  readonly service: string;
  /** Whether something was paused that was not, or resumed that was. */
  readonly changed: boolean;
  /** Live instances of the service. */
  readonly instances: number;
  /** How many of them have applied it within `wait`. Those of earlier versions never do. */
  readonly applied: number;
  /** Whether Redis knows that the service answers or hears the pattern; events in lanes it does not know. */
  readonly known: boolean;
}

export interface RedisStartOptions {
  /** Further arguments of the server, for example `['--maxmemory', '16mb']`. */
  args?: string[];
  /** A fixed port, to start again where another server was; a free one if left out. */
  port?: number;
}

export interface RunningRedis {
  url: string;
  from: string;
  /** Ends the server and removes its folder; does nothing to a server of REDIS_URL. */
  stop(): Promise<void>;
}

export interface PrivateRedis extends RunningRedis {
  bin: string;
  port: number;
  pid: number;
}

export function startRedis(
  options?: RedisStartOptions,
): Promise<RunningRedis & Partial<PrivateRedis>>;

export function startPrivateRedis(options?: RedisStartOptions): Promise<PrivateRedis>;

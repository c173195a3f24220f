import { invalid, isObject, type Option } from './option.js';
import { givenOptions } from './read-options.js';

/** A call or an event, as the hooks around it see it. One object for all hooks of a call. */
export interface HookedCall {
  readonly kind: 'call' | 'event';
  /** In Nest's normal form. */
  readonly pattern: string;
  /** What the application sends, without its record; undefined while a contract still checks it. */
  readonly data: unknown;
  /**
   * Headers to send besides those of the client and of the record; one of the same name replaces them. `before` may
   * add to it: what is set later is not sent.
   */
  readonly headers: Record<string, string>;
  /** The same text as `ctx.getCallId()`; undefined for events, and until the first reply. */
  readonly callId: string | undefined;
  /** Values that the application was given so far. */
  readonly values: number;
  /** Milliseconds since the first hook began. */
  readonly took: number;
}

/**
 * What runs around each call and event of a client. Each may return a promise, which is waited for, for as long as the
 * client's `timeout` at most.
 */
export interface CallHooks {
  /** Before it is sent. If this throws, it is not sent, and ends with HOOK_FAILED. */
  before?(call: HookedCall): unknown;
  /**
   * After it was answered or stored, before the application is told of its end, and of its last value. If this throws,
   * it ends with HOOK_FAILED instead.
   * @param value the last value; undefined for events, and for calls without one
   */
  after?(call: HookedCall, value: unknown): unknown;
  /**
   * After it failed, before the application is told; or after the application has unsubscribed (CANCELLED). What this
   * throws is logged, and the application gets the error all the same.
   */
  error?(call: HookedCall, error: unknown): unknown;
}

const NAMES = ['before', 'after', 'error'] as const satisfies readonly (keyof CallHooks)[];
/** Hooks that a client may have of each kind. */
const MOST = 32;
const WANTED = `an object of functions ${NAMES.join(', ')}, or a list of 1 to ${MOST} of them`;

/** The option `hooks`. A method of a class keeps its `this`. */
export const callHooks: Option<readonly CallHooks[], undefined> = {
  type: '`CallHooks`, or a list of them',
  bounds: `1 – ${MOST} in a list`,
  default: undefined,
  read(value, name, place) {
    const all: unknown[] = Array.isArray(value) ? value : [value];
    if (all.length === 0 || all.length > MOST) throw invalid(place, name, WANTED, value);
    for (const one of all) {
      if (!isObject(one)) throw invalid(place, name, WANTED, one);
      for (const [hook, does] of givenOptions(one, isHook, place)) {
        const isOurs = Object.getPrototypeOf(one) !== Object.prototype || isHook(hook);
        if (!isOurs) throw invalid(place, `${name}.${hook}`, `left out: it is ${WANTED}`, does);
        if (isHook(hook) && typeof does !== 'function')
          throw invalid(place, `${name}.${hook}`, 'a function', does);
      }
      if (!NAMES.some((hook) => typeof Reflect.get(one, hook) === 'function'))
        throw invalid(place, name, WANTED, one);
    }
    return Object.freeze(all as CallHooks[]);
  },
};

const isHook = (name: string): boolean => (NAMES as readonly string[]).includes(name);

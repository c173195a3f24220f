import { systemClock, type Clock } from '../../engine/clock.js';

/** The time of a test broker, and of all that is connected to it. */
export interface BrokerTime extends Clock {
  /** Milliseconds since 1970, as Redis' clock would have them. */
  readonly today: number;
  /** Time passes by itself. */
  readonly isReal: boolean;
}

/** The time of this system. */
export const realTime: BrokerTime = {
  ...systemClock,
  get today() {
    return Date.now();
  },
  isReal: true,
};

// Milliseconds of a monotonic clock that all processes of a machine share.
import { setTimeout as sleep } from 'node:timers/promises';

export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

export { sleep };

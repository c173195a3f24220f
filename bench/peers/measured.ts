// Counts with prom-client as an application does, and makes the text as if it were scraped.
import { register } from 'prom-client';
import { instrumentRedisStreams } from 'nestjs-redis-streams/prometheus';

/** Milliseconds between two scrapes, as Prometheus has it by default. */
const SCRAPE = 15_000;

let isOn = false;

export function measureOnce() {
  if (isOn) return;
  isOn = true;
  instrumentRedisStreams();
  setInterval(() => void register.metrics(), SCRAPE).unref();
}

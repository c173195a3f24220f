import type { Summary } from './tally.js';

export function report(summary: Summary, seconds: number): void {
  const { sent, answered, failed, lost, events, perInstance, p50ms, p99ms } = summary;
  const perSecond = Math.round(answered / seconds);
  console.log(`\n${answered} of ${sent} calls answered, ${failed} failed, ${lost} lost`);
  console.log(`${events} events sent`);
  console.log(`${perSecond} calls/s, half within ${p50ms} ms, 99 % within ${p99ms} ms`);
  for (const [instance, count] of Object.entries(perInstance))
    console.log(`  ${instance.padEnd(16)} ${count}`);
}

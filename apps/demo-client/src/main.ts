import { NestFactory } from '@nestjs/core';
import { ClientModule } from './client.module.js';
import { followDirections } from './directed.js';
import { Load } from './load.js';
import { report } from './report.js';
import { readSettings } from './settings.js';
import { Tour } from './tour.js';

const settings = readSettings(process.argv.slice(2), process.env);
const app = await NestFactory.createApplicationContext(ClientModule.register(settings), {
  logger: ['warn', 'error'],
});
const load = app.get(Load);

if (settings.directed) {
  await followDirections(app.get(Tour), load, settings.concurrency);
} else {
  for await (const stop of app.get(Tour).stops()) console.log(stop);
  const startedAt = performance.now();
  await load.run(settings.concurrency, (sent) => sent < settings.calls);
  report(load.tally.summary(), (performance.now() - startedAt) / 1000);
  if (load.tally.failed + load.tally.lost > 0) process.exitCode = 1;
}

await app.close();
process.disconnect?.();

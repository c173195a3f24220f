import { NestFactory } from '@nestjs/core';
import { instrumentRedisStreams } from 'nestjs-redis-streams/prometheus';
import { ClientModule } from './client.module.js';
import { followDirections } from './directed.js';
import { GatewayModule } from './gateway.module.js';
import { Load } from './load.js';
import { report } from './report.js';
import { readSettings, type Settings } from './settings.js';
import { Tour } from './tour.js';

const settings = readSettings(process.argv.slice(2), process.env);
if (settings.httpPort === undefined) await call(settings);
else await serve(settings, settings.httpPort);

/** Makes the calls that it was told to make, and ends. */
async function call(own: Settings): Promise<void> {
  const { directed, concurrency, calls } = own;
  const app = await NestFactory.createApplicationContext(ClientModule.register(own), {
    logger: ['warn', 'error'],
  });
  const load = app.get(Load);
  if (directed) {
    await followDirections(app.get(Tour), load, concurrency);
  } else {
    for await (const stop of app.get(Tour).stops()) console.log(stop);
    const startedAt = performance.now();
    await load.run(concurrency, (sent) => sent < calls);
    report(load.tally.summary(), (performance.now() - startedAt) / 1000);
    if (load.tally.failed + load.tally.lost > 0) process.exitCode = 1;
  }
  await app.close();
  process.disconnect?.();
}

/** Is a gateway until a signal ends it: open requests are answered first. */
async function serve(own: Settings, port: number): Promise<void> {
  // Before the client connects: what happened before is not counted.
  instrumentRedisStreams();
  const app = await NestFactory.create(GatewayModule.register(own));
  app.enableShutdownHooks();
  await app.listen(port);
}

// Instances and a client in a process of their own: `part.ts <where as JSON> <instances> <whether it calls>`.
import { clientAt, serveAt, type Where } from './place.js';
import { Traffic } from './traffic.js';

const [place = '', instances, calls] = process.argv.slice(2);
const where = JSON.parse(place) as Where;
process.once('disconnect', () => process.exit(0));
for (let i = 0; i < Number(instances); i++) await serveAt(where);
const traffic = calls === 'true' ? new Traffic(await clientAt(where), where.patterns) : undefined;
process.on('message', () => {
  void traffic?.stop().then(() => process.send?.({ made: traffic.made }));
});
process.send?.({ ready: true });

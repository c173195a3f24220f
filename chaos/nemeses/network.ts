// What may happen between a process and Redis.
import {
  byteRate,
  cutMidFrame,
  delay,
  dropAnswers,
  halfOpen,
  pass,
} from '../../tools/tcp-proxy/modes.js';
import type { Mode, Role } from '../../tools/tcp-proxy/passage.js';
import { pause } from '../../tools/wait.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Context } from '../scenarios/scenario.js';

/** What happens while the nemesis is active. */
type Act = () => Promise<unknown>;

/** Names, as in the histories, of the processes whose connections go through one address of the proxy. */
function processOf(fleet: Fleet, place: string): string {
  return fleet.all.find(({ name }) => name.split('.')[0] === place)?.name ?? place;
}

/**
 * The present connections of one role of one process fall silent: no FIN, no RST. New ones pass.
 */
export async function silence(
  { proxy, fleet, faults, random }: Context,
  role: Role,
  ms: number,
): Promise<void> {
  const places = proxy.names(role);
  if (places.length === 0) return;
  const place = random.pick(places);
  const target = processOf(fleet, place);
  const facts = { targets: [target], cuts: [target], role, silent: true };
  await faults.during('silence', facts, async () => {
    for (const passage of proxy.of(place, role)) passage.mode = halfOpen;
    await pause(ms);
  });
}

/** Answers are swallowed now and then, and the connection ends, until `act` is over. */
export async function swallowing(context: Context, probability: number, act: Act): Promise<void> {
  await everywhere(context, 'swallow', dropAnswers(probability), act);
}

/** Answers are cut in the middle now and then. */
export async function cutting(context: Context, probability: number, act: Act): Promise<void> {
  await everywhere(context, 'cut-mid-frame', cutMidFrame(probability), act);
}

/** Connections of one process are reset. */
export async function reset({ proxy, fleet, faults, random }: Context): Promise<void> {
  const places = proxy.names();
  if (places.length === 0) return;
  const place = random.pick(places);
  const target = processOf(fleet, place);
  await faults.during('reset', { targets: [target], cuts: [target], gentle: true }, async () => {
    for (const passage of proxy.of(place)) passage.reset();
  });
}

/** All present and new connections are treated in this way until `act` ends. */
export async function everywhere(
  { proxy, faults }: Context,
  what: string,
  mode: Mode,
  act: Act,
): Promise<void> {
  await faults.during(what, { cuts: 'all', gentle: true }, async () => {
    proxy.treat(mode);
    await act();
    proxy.treat(pass);
  });
}

/**
 * Answers come later.
 *
 * @param between least and greatest delay in milliseconds
 */
export async function delaying(
  context: Context,
  between: [number, number],
  act: Act,
): Promise<void> {
  await everywhere(context, 'delay', delay(...between), act);
}

/** Each connection passes this many bytes per second. */
export async function slowing(context: Context, bytesPerSecond: number, act: Act): Promise<void> {
  await everywhere(context, 'byte-rate', byteRate(bytesPerSecond), act);
}

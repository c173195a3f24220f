// Somebody who can read and write everything in Redis, and has no key.
import type { Context } from '../scenarios/scenario.js';

type Fields = Record<string, string>;

/** What was seen of an entry. */
interface Seen {
  readonly stream: string;
  readonly id: string;
  readonly fields: Fields;
}

/** A frame that was seen in a reply log. */
interface Heard {
  readonly log: string;
  readonly frame: string;
}

/** Entries and frames that are kept, to be used later. */
const KEPT = 2000;
/** Entries and records that are looked at in one place at a time. */
const LOOKED_AT = 50;
/** Of these, those that were seen last. */
const RECENT = 10;
const PATTERNS = ['work', 'once', 'inbox'];

/** Tries everything that needs no key. Counts what it did, by its name. */
export class Attacker {
  readonly done: Record<string, number> = {};
  private readonly entries: Seen[] = [];
  private readonly frames: Heard[] = [];

  constructor(private readonly context: Context) {}

  /** Looks around, and makes some attacks. */
  async turn(): Promise<void> {
    const { random, plan } = this.context;
    for (const pattern of PATTERNS) await this.lookAt(`{${plan.prefix}}:s:${pattern}`);
    await this.listen();
    // Mostly calls that may still be open.
    const recent = random.chance(0.7) ? this.entries.slice(-RECENT) : this.entries;
    const seen = recent.length === 0 ? undefined : random.pick(recent);
    if (seen === undefined) return;
    const [name, attack] = random.pick(Object.entries(this.attacks));
    await attack(seen);
    this.done[name] = (this.done[name] ?? 0) + 1;
  }

  private get redis() {
    return this.context.redis.admin;
  }

  private readonly attacks: Readonly<Record<string, (seen: Seen) => Promise<unknown>>> = {
    again: ({ stream, fields }) => this.add(stream, fields),
    forged: ({ stream, fields }) =>
      this.add(stream, { c: `1 json ${this.call()} ${callerOf(fields)} 5000`, d: forgedData() }),
    event: ({ stream }) => this.add(stream, { c: '1 json - - 0 message', d: forgedData() }),
    altered: ({ stream, fields }) => this.add(stream, { ...fields, d: this.changed(fields['d']) }),
    renamed: ({ stream, fields: { c = '', ...rest } }) => {
      const words = c.split(' ').with(2, c.includes(' pack.') ? '2' : this.call());
      return this.add(stream, { ...rest, c: words.join(' ') });
    },
    moved: ({ stream, fields }) => {
      const { plan, random } = this.context;
      const others = PATTERNS.map((each) => `{${plan.prefix}}:s:${each}`);
      return this.add(random.pick(others.filter((other) => other !== stream)), fields);
    },
    settled: async ({ stream }) => {
      const [entry] = await this.redis.xrange(stream, '-', '+', 'COUNT', 1);
      if (entry === undefined) return;
      await this.redis.xack(stream, 'service', entry[0]);
      await this.redis.xdel(stream, entry[0]);
    },
    answered: ({ fields }) => this.answer(fields, `[1,1,1,0,{"by":"nobody"}]`),
    thrown: ({ fields }) => this.answer(fields, `[3,1,1,0,{"message":"forged"}]`),
    sealed: ({ fields }) =>
      this.answer(
        fields,
        `[6,1,1,0,["text:sealed","1.gcm.k.service.-.0.0.-.json.${'A'.repeat(80)}"]]`,
      ),
    fault: ({ fields }) =>
      this.answer(fields, '[4,1,1,0,{"code":"NO_HANDLER","message":"forged","outcome":"not-run"}]'),
    repeated: async ({ fields }) => {
      const { random } = this.context;
      const heard = this.frames.length === 0 ? undefined : random.pick(this.frames);
      if (heard === undefined) return;
      // The answer to one call, as the answer to another one.
      const frame = heard.frame.replace(/\["\d+",/, `["${callOf(fields)}",`);
      await this.send(logOf(heard.log, callerOf(fields)), frame);
    },
  };

  /** An id of a call that some caller may make. */
  private call(): string {
    return String(10_000_000_000 + this.context.random.int(0, 5000));
  }

  private changed(text = ''): string {
    const at = this.context.random.int(Math.max(0, text.length - 60), text.length - 2);
    return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  }

  private async add(stream: string, fields: Fields): Promise<void> {
    await this.redis.xadd(stream, '*', ...Object.entries(fields).flat());
  }

  private async answer(fields: Fields, reply: string): Promise<void> {
    const { prefix } = this.context.plan;
    const frame = `1 nobody [${reply.replace('[', `["${callOf(fields)}",`)}]`;
    await this.send(`{${prefix}}:r:${callerOf(fields)}`, frame);
  }

  private async send(log: string, frame: string): Promise<void> {
    const id = await this.redis.xadd(log, 'NOMKSTREAM', '*', 'f', frame);
    if (id !== null) await this.redis.call('SPUBLISH', log, `${id} ${frame}`);
  }

  private async lookAt(stream: string): Promise<void> {
    const found = await this.redis.xrevrange(stream, '+', '-', 'COUNT', LOOKED_AT);
    for (const [id, list] of found) {
      const fields: Fields = {};
      for (let i = 0; i + 1 < list.length; i += 2)
        fields[list[i] as string] = list[i + 1] as string;
      if (fields['d']?.includes('1.gcm.') === true) this.entries.push({ stream, id, fields });
    }
    this.entries.splice(0, this.entries.length - KEPT);
  }

  private async listen(): Promise<void> {
    const { prefix } = this.context.plan;
    const logs = await this.redis.keys(`{${prefix}}:r:*`);
    for (const log of logs) {
      const records = await this.redis.xrevrange(log, '+', '-', 'COUNT', LOOKED_AT);
      for (const [, list] of records) {
        const frame = list[1] ?? '';
        if (frame.includes('text:sealed')) this.frames.push({ log, frame });
      }
    }
    this.frames.splice(0, this.frames.length - KEPT);
  }
}

const forgedData = (): string => JSON.stringify({ id: 'forged', ms: 0 });
const callerOf = ({ c = '' }: Fields): string => c.split(' ')[3] ?? '';

/** Of a pack, the first of its calls. */
const callOf = ({ c = '', m }: Fields): string => m?.split(',')[0] ?? c.split(' ')[2] ?? '';
const logOf = (log: string, caller: string): string => log.replace(/:r:.*$/, `:r:${caller}`);

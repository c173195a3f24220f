import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { LeaseCompanion } from '../../engine/consumer/membership/companion.js';
import type { Owner } from '../../redis/owner.js';
import type { DirectoryStore } from '../directory/directory-store.js';
import type { AnnouncedService } from './announced-service.js';
import { thrownText } from '../../thrown.js';

/** Longest card, in UTF-16 units. */
const MAX_CARD = 65_536;
const MAX_DOCUMENT = 1_048_576;

/** Announces one service of an instance in the directory. The announcement ends with the lease. */
export class Announcer implements LeaseCompanion {
  private readonly logger = new Logger('Contracts');
  private telling: Promise<void> | undefined;
  private again = false;
  private hasLeft = false;
  private document: Promise<Document | undefined> | undefined;
  private complaint = '';

  constructor(
    private readonly store: DirectoryStore,
    private readonly service: AnnouncedService,
    private readonly group: string,
    private readonly leaseTtl: number,
  ) {}

  /** Announces the present state: one announcement at a time, and one more if asked meanwhile. */
  confirmed(owner: Owner): Promise<void> {
    this.again = this.telling !== undefined;
    this.telling ??= this.tell(owner).then(() => {
      this.telling = undefined;
      return this.again ? this.confirmed(owner) : undefined;
    });
    return this.telling;
  }

  async leaving(owner: Owner): Promise<void> {
    this.hasLeft = true;
    await this.confirmed(owner);
  }

  private async tell(owner: Owner): Promise<void> {
    const { name } = this.service;
    try {
      const document = await (this.document ??= documentOf(this.service));
      const about = this.service.about?.();
      const card = JSON.stringify({ group: this.group, document: document?.digest, about });
      if (card.length > MAX_CARD) throw new Error(`its card has ${card.length} characters`);
      const ttl = this.hasLeft ? 0 : this.leaseTtl;
      const offer = { name, ttl, card, document };
      const known = document && { ...document, text: '' };
      if ((await this.store.describe(owner, { ...offer, document: known })) === 'unknown') {
        await this.store.describe(owner, offer);
      }
      this.complaint = '';
    } catch (error) {
      const complaint = `announcing ${name} failed: ${thrownText(error)}`;
      if (complaint !== this.complaint)
        this.logger.warn(complaint, { code: 'CONTRACT_UNANNOUNCED' });
      this.complaint = complaint;
    }
  }
}

interface Document {
  readonly digest: string;
  readonly text: string;
}

async function documentOf(service: AnnouncedService): Promise<Document | undefined> {
  const text = await service.document?.();
  if (text === undefined) return undefined;
  if (text.length > MAX_DOCUMENT) throw new Error(`its document has ${text.length} characters`);
  return { text, digest: createHash('sha256').update(text).digest('base64url') };
}

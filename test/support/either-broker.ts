import { createTestBroker } from 'nestjs-redis-streams/testing';
import type { Address } from './place.js';
import { TestService } from './test-service.js';

/** A service over the broker of the test kit, whose time is real. What looks into Redis is not for it. */
class ServiceInMemory extends TestService {
  readonly broker = createTestBroker({ time: 'real' });

  override get address(): Address {
    return { client: this.broker.redis(), prefix: this.prefix } as Address;
  }

  override async deadLetters(group = 'service'): Promise<Record<string, string>[]> {
    return this.broker.deadLetters(group).map(({ fields }) => ({ ...fields }));
  }
}

/** For `describe.each`: what is true over Redis is true over the broker of the test kit. */
export const EITHER_BROKER = [
  ['Redis', (): TestService => new TestService()],
  ['the test broker', (): TestService => new ServiceInMemory()],
] as const;

import type { ClientProxy } from '@nestjs/microservices';

/**
 * A client proxy of Nest, of any transport. `ClientProxy` itself does not take `ClientKafka` and the other classes:
 * each has types of its own for its events and its status.
 */
export type AnyClientProxy = Pick<ClientProxy, 'send' | 'emit'>;

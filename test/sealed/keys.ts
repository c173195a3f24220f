import { createHash, generateKeyPairSync } from 'node:crypto';
import type { SealedOptions, SecretKey } from 'nestjs-redis-streams/sealed';

/** A secret of a test: the same for the same id. */
export function secretKey(id: string, holder?: string): SecretKey {
  const secret = createHash('sha512').update(id).digest().subarray(0, 32);
  return { id, secret, ...(holder === undefined ? {} : { holder }) };
}

export const shop: SealedOptions = { name: 'shop', keys: [secretKey('k1')] };
export const orders: SealedOptions = { name: 'orders', keys: [secretKey('k1')] };

/** What both sides are given to sign with pairs of keys. */
export function pairs() {
  const [ofShop, ofOrders] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const service: SealedOptions = {
    name: 'orders',
    mode: 'sign',
    keys: [
      { id: 'o1', privateKey: ofOrders.privateKey },
      { id: 's1', publicKey: ofShop.publicKey, holder: 'shop' },
    ],
  };
  const client: SealedOptions = {
    name: 'shop',
    mode: 'sign',
    keys: [
      { id: 's1', privateKey: ofShop.privateKey },
      { id: 'o1', publicKey: ofOrders.publicKey, holder: 'orders' },
    ],
  };
  return { service, client };
}

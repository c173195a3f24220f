import { Redis } from 'ioredis';

/** Leaves a Redis that is not ours as it was. Keys are in a hash tag: `{prefix}…`. */
export async function removeKeys(url, prefix) {
  const client = new Redis(url);
  try {
    for await (const keys of client.scanStream({ match: `*${prefix}*`, count: 1000 }))
      if (keys.length > 0) await client.unlink(...keys);
  } finally {
    client.disconnect();
  }
}

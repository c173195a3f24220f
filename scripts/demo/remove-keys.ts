import { Redis } from 'ioredis';

/** Removes the keys of the demo from a Redis that is not ours. Keys begin with a hash tag: `{prefix}…`. */
export async function removeKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  try {
    const found = client.scanStream({ match: `*${prefix}*`, count: 1000 });
    for await (const keys of found as AsyncIterable<string[]>)
      if (keys.length > 0) await client.unlink(...keys);
  } finally {
    client.disconnect();
  }
}

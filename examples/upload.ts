// Upload of bytes: with MessagePack, buffers, dates and bigints arrive as what they were.
import { createHash, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { msgpack } from 'nestjs-redis-streams/msgpack';
import { firstValueFrom } from 'rxjs';

interface Upload {
  readonly name: string;
  readonly bytes: Buffer;
  readonly taken: Date;
}

interface Receipt {
  readonly sha256: Buffer;
  readonly size: bigint;
  readonly year: number;
}

@Controller()
class PhotosController {
  @MessagePattern('photos.upload')
  upload(@Payload() { bytes, taken }: Upload): Receipt {
    return {
      sha256: createHash('sha256').update(bytes).digest(),
      size: BigInt(bytes.length),
      year: taken.getUTCFullYear(),
    };
  }
}

@Module({ controllers: [PhotosController] })
class PhotosModule {}

export async function run(url: string) {
  // Both sides name the codec, and an entry or reply in another one is refused.
  const redis = { url, prefix: `example-${randomUUID()}`, ...msgpack() };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(PhotosModule, {
    // The default is 1 MiB. Bytes take a third more on the way than in memory.
    strategy: new ServerRedisStreams({ ...redis, group: 'photos', maxPayloadBytes: 4 * 2 ** 20 }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const client = new ClientRedisStreams({ ...redis, maxPayloadBytes: 4 * 2 ** 20 });
  try {
    const bytes = Buffer.alloc(2 * 2 ** 20, 'pixels');
    const photo: Upload = { name: 'sea.raw', bytes, taken: new Date('2026-07-01T12:00:00Z') };
    const { sha256, size, year } = await firstValueFrom(
      client.send<Receipt>('photos.upload', photo),
    );
    const same = sha256.equals(createHash('sha256').update(bytes).digest());
    return { same, size, year };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));

// The drivers of Nest's transports are installed in bench/, so that the workspace stays small.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadPackage } from '@nestjs/common/internal';
import { findProgram } from '../../bench/brokers/server-process.js';
import { repository } from '../../tools/repository.js';
import { eventually } from '../../tools/wait.js';

const drivers = createRequire(join(repository, 'bench', 'package.json'));

/** Nest would look for a driver beside itself. */
export async function provide(name: string): Promise<void> {
  await loadPackage(name, 'the tests', async () => drivers(name) as unknown);
}

/** Which of these programs and packages is not here, in words. */
export function lacking(
  programs: readonly string[],
  packages: readonly string[],
): string | undefined {
  const program = programs.find(
    (name) => findProgram(name, ['/usr/lib/rabbitmq/bin']) === undefined,
  );
  if (program !== undefined) return `${program} is not on PATH`;
  const name = packages.find((one) => !isInstalled(one));
  return name === undefined ? undefined : `${name} is not installed in bench/`;
}

function isInstalled(name: string): boolean {
  try {
    return drivers.resolve(name) !== '';
  } catch {
    return false;
  }
}

/** The part of kafkajs that is used here. */
interface KafkaJs {
  Kafka: new (options: object) => { admin(): KafkaAdmin };
}

interface KafkaAdmin {
  connect(): Promise<void>;
  createTopics(options: { topics: { topic: string }[]; waitForLeaders: boolean }): Promise<boolean>;
  fetchTopicMetadata(options: { topics: string[] }): Promise<unknown>;
  disconnect(): Promise<void>;
}

/** Its consumers fail when they are to read a topic that nobody has made. */
export async function createTopics(address: string, topics: readonly string[]): Promise<void> {
  const { Kafka } = drivers('kafkajs') as KafkaJs;
  const admin = new Kafka({ brokers: [address], logLevel: 0 }).admin();
  await admin.connect();
  try {
    await admin.createTopics({
      topics: topics.map((topic) => ({ topic })),
      waitForLeaders: false,
    });
    // A node that has made a topic may not know of it yet, and kafkajs waits only for leaders of those that it knows.
    await eventually(() => admin.fetchTopicMetadata({ topics: [...topics] }), 30_000);
  } finally {
    await admin.disconnect();
  }
}

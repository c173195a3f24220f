// One node of Kafka in KRaft mode, from the jars of the Apache distribution that Maven brings into .cache/kafka.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProcess } from '../../bench/brokers/server-process.js';
import { freePort } from '../../tools/free-port.js';
import { repository } from '../../tools/repository.js';

const VERSION = '4.1.0';
const FOLDER = join(repository, '.cache', 'kafka', VERSION);
const run = promisify(execFile);

/** Of the cluster; any base64 of 16 bytes. */
const ID = 'bmVzdGpzLXJlZGlzLXN0cg';

export interface Kafka {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

export async function startKafka(): Promise<Kafka> {
  const classPath = join(await jars(), '*');
  const folder = mkdtempSync(join(tmpdir(), 'nrs-kafka-'));
  const port = await freePort();
  const settings = join(folder, 'server.properties');
  writeFileSync(settings, propertiesOf(port, await freePort(), join(folder, 'data')));
  await run('java', [
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    ID,
    '-c',
    settings,
  ]);
  const server = await startProcess(
    'java',
    ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', classPath, 'kafka.Kafka', settings],
    { port },
  );
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function propertiesOf(port: number, control: number, data: string): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${control}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${control}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // Two instances of a service can share no topic of one partition.
    'num.partitions': 3,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

/** The folder of the jars, which Maven fills once. */
async function jars(): Promise<string> {
  if (existsSync(FOLDER)) return FOLDER;
  const part = `${FOLDER}.part-${process.pid}`;
  mkdirSync(part, { recursive: true });
  const description = join(part, 'pom.xml');
  writeFileSync(description, POM);
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${part}`];
  await run('mvn', ['-q', '-B', '-f', description, ...copy]);
  renameSync(part, FOLDER);
  return FOLDER;
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

import { readJson } from '../protocol/json.js';
import { listOf, textsOf } from '../redis/answer.js';
import type { Finding } from './finding.js';
import { inTime, timeOfServer, unlessRefused } from './place.js';
import type { FoundKey, ScannedKeys } from './scanned-keys.js';
import type { TimeLimit } from './time-limit.js';

/** Instances of a service that are compared. */
const MOST = 1000;
/** Milliseconds after which what an instance said counts no more: its lease has ended. */
const OLD = 120_000;

/** Whether instances of a contract differ in what they serve. */
export async function judgeContracts(keys: ScannedKeys, limit: TimeLimit): Promise<Finding[]> {
  return (await inTime(limit, 'contracts', keys.of('about'), judgeContract)).flat();
}

async function judgeContract({ shard, name }: FoundKey): Promise<Finding[]> {
  const { link, keys } = shard;
  const scan = link.command('hscan', [keys.about(name), '0', 'COUNT', String(MOST)]);
  const fields = textsOf(listOf(await unlessRefused(scan, ['0', []]), 'HSCAN')[1], 'HSCAN');
  const now = await timeOfServer(link);
  const hashes = new Map<string, Set<string>>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, at = '0', card = ''] = /^(\d+) (.*)$/s.exec(fields[i + 1] ?? '') ?? [];
    const said = now - Number(at) > OLD ? undefined : contractIn(card);
    if (said === undefined) continue;
    const known = hashes.get(said.version) ?? new Set();
    hashes.set(said.version, known.add(said.hash));
  }
  const findings: Finding[] = [];
  for (const [version, different] of hashes) {
    if (different.size === 1) continue;
    findings.push({
      ...{ severity: 'error', code: 'CONTRACT_DRIFT', about: `${name} ${version}` },
      found: `its instances serve ${different.size} different contracts under one version`,
      advice: 'raise the version with each change of a contract, and finish the deployment',
    });
  }
  if (hashes.size > 1) {
    findings.push({
      ...{ severity: 'note', code: 'MIXED_VERSIONS', about: name },
      found: `it is served as ${[...hashes.keys()].toSorted().join(', ')}`,
      advice: 'fine during a deployment; afterwards look for instances that were left',
    });
  }
  return findings;
}

function contractIn(card: string): { version: string; hash: string } | undefined {
  const read = readJson(card);
  const about = read.ok ? propertyOf(read.value, 'about') : undefined;
  const [version, hash] = [propertyOf(about, 'version'), propertyOf(about, 'hash')];
  if (typeof version !== 'string' || typeof hash !== 'string') return undefined;
  return { version, hash };
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

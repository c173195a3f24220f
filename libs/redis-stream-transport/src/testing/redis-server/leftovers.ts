// A server outlives a parent that was killed with SIGKILL. Its folder says whose it was, so that
// the next start can end it and remove what it left.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'nrs-redis-';
const recordName = 'owner.json';
/** A folder without a record belongs to a start that is under way, unless it is older than this. */
const startingMs = 60_000;

interface Owner {
  readonly owner: number;
  readonly ownerStarted: string | undefined;
  readonly server: number;
}

export function createServerFolder(): string {
  return mkdtempSync(join(tmpdir(), prefix));
}

export function recordServer(folder: string, serverPid: number): void {
  const record: Owner = {
    owner: process.pid,
    ownerStarted: startTime(process.pid),
    server: serverPid,
  };
  writeFileSync(join(folder, recordName), JSON.stringify(record));
}

export function removeServerFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Ends the servers whose owners are gone, and removes their folders. */
export function sweepLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix)))
    try {
      sweep(join(tmpdir(), name));
    } catch {
      // Removed by another start in the meantime, or not ours to touch.
    }
}

function sweep(folder: string): void {
  const { uid, mtimeMs } = statSync(folder);
  // Any user may create such a folder in the shared temporary folder. Only our own are trusted.
  if (process.getuid && uid !== process.getuid()) return;
  const record = readRecord(folder);
  if (!record) {
    if (Date.now() - mtimeMs > startingMs) removeServerFolder(folder);
    return;
  }
  const started = startTime(record.owner);
  if (started !== undefined && started === record.ownerStarted) return;
  // The process id may belong to another process by now. It is ours only if it was started in this folder.
  if (commandLine(record.server).includes(folder)) process.kill(record.server, 'SIGKILL');
  removeServerFolder(folder);
}

function readRecord(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, recordName), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** Tells a process from a later one with the same number; undefined if there is none. */
function startTime(pid: number): string | undefined {
  const stat = readProc(pid, 'stat');
  // The name in parentheses may hold spaces; the start time is the 20th field after it.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return ps(pid, 'lstart=');
}

function commandLine(pid: number): string {
  return readProc(pid, 'cmdline') ?? ps(pid, 'command=') ?? '';
}

function readProc(pid: number, file: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  if (process.platform === 'linux') return undefined;
  try {
    return execFileSync('ps', ['-ww', '-p', String(pid), '-o', column], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}

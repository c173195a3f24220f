// What a process has used up so far.
import { readdirSync, readFileSync } from 'node:fs';
import { nowMs } from './clock.js';

export interface Usage {
  /** seconds, user and system; NaN if it cannot be known */
  cpu: number;
  /** milliseconds, `nowMs` */
  at: number;
  /** bytes; NaN if it cannot be known */
  rss: number;
}

export function ownUsage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, at: nowMs(), rss: process.memoryUsage.rss() };
}

/** Hundredths of a second are what Linux counts in; pages have 4 KiB wherever this is measured. */
const TICKS = 100;
const PAGE = 4096;

/** A process and its children, as far as the system tells. */
export function usageOf(pid: number): Usage {
  const at = nowMs();
  if (process.platform !== 'linux') return { cpu: Number.NaN, at, rss: Number.NaN };
  let cpu = 0;
  let rss = 0;
  for (const fields of family(pid)) {
    cpu += (Number(fields[11]) + Number(fields[12])) / TICKS;
    rss += Number(fields[21]) * PAGE;
  }
  return { cpu, at, rss };
}

function family(root: number) {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), fields: statOf(name) }));
  const members = new Set([root]);
  // Children have higher numbers than their parents, save for the wrap-around, which is rare enough.
  for (const { pid, fields } of processes.sort((a, b) => a.pid - b.pid))
    if (members.has(Number(fields[1]))) members.add(pid);
  return processes.filter(({ pid }) => members.has(pid)).map(({ fields }) => fields);
}

/** The fields behind the name, which may hold spaces. */
function statOf(pid: string) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** CPU seconds per second between two looks. */
export function load(from: Usage, to: Usage) {
  return (to.cpu - from.cpu) / ((to.at - from.at) / 1000);
}

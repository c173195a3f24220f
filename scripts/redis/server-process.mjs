// One server process: started on a free loopback port in a folder of its own, and always stopped.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createServerFolder, recordServer, removeServerFolder } from './leftovers.mjs';

const readyWithinMs = 15_000;
const stopWithinMs = 3_000;
const portAttempts = 10;

// Below the range from which systems take the ports of outgoing connections: there, a client that
// reconnects to a server that was stopped could take its port, or even connect to itself.
const lowestPort = 20_000;
const highestPort = 32_000;

const running = new Set();
process.on('exit', () => {
  for (const { child, folder } of running) {
    child.kill('SIGKILL');
    removeServerFolder(folder);
  }
});

export async function startServer({ bin, env, from }, { args = [], port: wanted } = {}) {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort());
    try {
      return await startOn(port, { bin, env, from, args });
    } catch (error) {
      // Between the look and the start somebody else may have taken the port.
      const taken = error instanceof PortTaken;
      if (!taken || wanted !== undefined || attempt === portAttempts) throw error;
    }
  }
}

class PortTaken extends Error {}

async function startOn(port, { bin, env, from, args }) {
  const folder = createServerFolder();
  const child = spawn(bin, [...baseArguments(port, folder), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = { child, folder };
  running.add(server);
  const forget = () => {
    running.delete(server);
    removeServerFolder(folder);
  };
  try {
    if (child.pid !== undefined) recordServer(folder, child.pid);
    await ready(child, bin, port);
  } catch (error) {
    await stopProcess(child);
    forget();
    throw error;
  }
  const stop = async () => {
    await stopProcess(child);
    forget();
  };
  // A caller that forgets to stop it still ends, and takes the server along.
  for (const handle of [child, child.stdout, child.stderr]) handle.unref();
  return { url: `redis://127.0.0.1:${port}`, from, bin, port, pid: child.pid, stop };
}

// The title stays the command line that we gave: by the folder in it a left-over is recognized.
function baseArguments(port, folder) {
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no'],
    ...['--enable-debug-command', 'yes', '--set-proc-title', 'no', '--daemonize', 'no'],
  ];
}

function ready(child, bin, port) {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason) => {
      const Reason = /Address already in use/.test(output) ? PortTaken : Error;
      settle(() => reject(new Reason(`${bin} on port ${port}: ${reason}\n${output.slice(-2000)}`)));
    };
    const timer = setTimeout(() => fail(`not ready within ${readyWithinMs} ms`), readyWithinMs);
    const listen = (chunk) => {
      output += chunk;
      if (/Ready to accept connections/.test(output)) settle(resolve);
    };
    const failed = (error) => fail(error.message);
    // 'close' and not 'exit': by then all of the output has arrived, the reason among it.
    const ended = (code, signal) => fail(`ended with ${code ?? signal}`);
    const settle = (then) => {
      clearTimeout(timer);
      child.off('error', failed).off('close', ended);
      for (const stream of [child.stdout, child.stderr]) stream.off('data', listen).resume();
      then();
    };
    child.once('error', failed).once('close', ended);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', listen);
  });
}

async function stopProcess(child) {
  const ended = () =>
    child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (ended()) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  // A frozen server never sees SIGTERM.
  const impatience = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await exit;
  clearTimeout(impatience);
}

async function freePort() {
  for (let attempt = 1; attempt <= portAttempts; attempt++) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${lowestPort} and ${highestPort}`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

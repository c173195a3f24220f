#!/usr/bin/env node
import 'reflect-metadata';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Logger } from '@nestjs/common';
import { runCommand } from './run-command.js';
import { TIME_UP } from './time-up.js';
import { takeScreen } from './top/whole-screen.js';

const { stdin, stdout, stderr } = process;

// Standard output is for what was asked for.
Logger.overrideLogger(false);
// Who reads it may stop early, as `head` does.
stdout.on('error', () => undefined);

const code = await runCommand(process.argv.slice(2), {
  env: process.env,
  columns: stdout.isTTY ? stdout.columns : undefined,
  out: (written) => void stdout.write(written),
  err: (written) => void stderr.write(written),
  read: () => text(stdin),
  ask: stdin.isTTY && stderr.isTTY ? ask : undefined,
  wholeScreen: stdin.isTTY && stdout.isTTY ? (told) => takeScreen(stdin, stdout, told) : undefined,
});
process.exitCode = code;
// What was cut short may still wait for Redis.
if (code === TIME_UP) stdout.write('', () => stderr.write('', () => process.exit()));

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

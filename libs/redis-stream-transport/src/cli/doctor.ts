import { Option, type Command } from 'commander';
import { diagnose, type Finding } from '../operate/index.js';
import { described } from './described.js';
import type { Session } from './session.js';
import { timeLimitOf, TIME_UP, TIME_UP_EXIT, withTimeout, type Timed } from './time-up.js';
import { placeOf, withWhere, type Where } from './where.js';

interface DoctorOptions extends Where, Timed {
  readonly failOn: Finding['severity'];
}

const SEVERITIES = ['error', 'warning', 'note'] as const;
const COLOURS = { error: 'red', warning: 'yellow', note: 'dim' } as const;

export function addDoctor(program: Command, session: Session): void {
  const command = described(program.command('doctor'), {
    summary: 'judges a deployment, and says what to do about each finding',
    examples: [
      ['doctor', 'what is wrong?'],
      ['doctor --fail-on error --json', 'in CI: exit code 1 for errors only'],
    ],
    exits: `0: nothing of that weight was found; 1: something was, or it failed; ${TIME_UP_EXIT}`,
  });
  withTimeout(withWhere(command))
    .addOption(
      new Option('--fail-on <severity>', 'the least that makes the exit code 1')
        .choices(SEVERITIES)
        .default('warning'),
    )
    .action(async (options: DoctorOptions) => {
      const { screen } = session;
      const findings = await diagnose(placeOf(options, screen.terminal), timeLimitOf(options));
      const weight = SEVERITIES.indexOf(options.failOn);
      const isLate = findings.some(({ code }) => code === 'INCOMPLETE');
      const isFound = findings.some(
        ({ severity, code }) => code !== 'INCOMPLETE' && SEVERITIES.indexOf(severity) <= weight,
      );
      session.exitCode = isFound ? 1 : isLate ? TIME_UP : 0;
      if (options.json === true) {
        screen.json({ healthy: session.exitCode === 0, findings });
        return;
      }
      for (const { severity, code, about, found, advice } of findings) {
        screen.line(`${severity} ${code}: ${about}`, COLOURS[severity]);
        screen.line(`  ${found}`);
        screen.line(`  -> ${advice}`);
      }
      const counts = SEVERITIES.map((severity) => countOf(findings, severity)).filter(Boolean);
      screen.line(counts.length === 0 ? 'nothing was found' : `found: ${counts.join(', ')}`);
    });
}

function countOf(findings: readonly Finding[], wanted: Finding['severity']): string {
  const count = findings.filter(({ severity }) => severity === wanted).length;
  return count === 0 ? '' : `${count} ${wanted}${count === 1 ? '' : 's'}`;
}

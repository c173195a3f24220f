import type { Command } from 'commander';

/** What the help of a command says besides its options. */
export interface Help {
  /** A line, for the list of commands. */
  readonly summary: string;
  /** More about it. */
  readonly about?: string;
  /** What to type after the name of the program, and what that does. */
  readonly examples: readonly (readonly [args: string, does: string])[];
  /** What the exit codes mean, besides 0 for "it worked" and 2 for "called wrongly". */
  readonly exits?: string;
}

/** Gives a command its help. */
export function described(command: Command, { summary, about, examples, exits }: Help): Command {
  const lines = examples.map(
    ([args, does]) => `  # ${does}\n  $ npx nestjs-redis-streams ${args}\n`,
  );
  return command
    .summary(summary)
    .description(about === undefined ? sentence(summary) : `${sentence(summary)} ${about}`)
    .addHelpText('after', `\nExamples:\n${lines.join('')}`)
    .addHelpText(
      'after',
      `Exit codes: ${exits ?? '0: it worked; 1: it failed'}; 2: called wrongly.`,
    );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { UsageError } from '../errors/usage-error.ts';
import type { Invocation } from '../spec/command-spec.ts';
import type { completionOptions } from './completion-command.ts';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export async function runCompletion({ args, commands, stdout }: Invocation<typeof completionOptions>): Promise<void> {
  const [shell = ''] = args;
  if (!Object.hasOwn(SCRIPTS, shell)) {
    const hint = `Choose ${Object.keys(SCRIPTS).join(', ')}.`;
    throw new UsageError(`There is no completion for ${JSON.stringify(shell)}`, { hint });
  }
  stdout.write(SCRIPTS[shell as keyof typeof SCRIPTS](commands));
}

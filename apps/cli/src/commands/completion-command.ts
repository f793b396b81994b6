import { generalOptions } from '../options/general.ts';
import { command } from '../spec/command-spec.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const completionOptions = generalOptions;

export const completionCommand = command({
  name: 'completion',
  summary: 'Print a completion script for a shell',
  arguments: [{ name: 'SHELL', help: SHELLS.join(', '), required: true, completion: SHELLS }],
  options: completionOptions,
  examples: ['source <(shale completion bash)', 'shale completion fish | source'],
  run: async (invocation) => (await import('./completion.ts')).runCompletion(invocation),
});

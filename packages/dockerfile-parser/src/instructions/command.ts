import { DockerfileError } from '../dockerfile-error.ts';
import type { Command, RunInstruction, ShellInstruction } from '../instruction.ts';
import { parseJsonForm } from '../json-form.ts';
import { checkMount } from '../mount.ts';
import { argumentHint, atLeastOne, type Draft, type Fields } from './draft.ts';

/** Reads the exec form, if the text is a JSON array, or the shell form. */
export function parseCommand(text: string): Command {
  const args = parseJsonForm(text);
  return args === undefined ? { form: 'shell', text } : { form: 'exec', args };
}

export function parseRun({ rest, flags, heredocs }: Draft): Fields<RunInstruction> {
  if (rest === '') throw new DockerfileError('RUN requires at least one argument', { hint: argumentHint('RUN') });
  const mounts = flags.list('mount');
  for (const mount of mounts) checkMount(mount);
  return {
    command: parseCommand(rest),
    heredocs,
    mounts,
    network: flags.text('network'),
    security: flags.text('security'),
    devices: flags.list('device'),
  };
}

export function parseShell({ rest }: Draft): Fields<ShellInstruction> {
  const args = parseJsonForm(rest);
  if (args !== undefined || rest === '') return { args: atLeastOne('SHELL', args ?? []) };
  throw new DockerfileError('SHELL requires the arguments to be in JSON form', {
    hint: 'Write SHELL ["/bin/bash", "-c"].',
  });
}

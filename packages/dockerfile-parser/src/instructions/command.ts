import { DockerfileError } from '../dockerfile-error.ts';
import type { Command, RunInstruction, ShellInstruction } from '../instruction.ts';
import { parseJsonForm } from '../json-form.ts';
import { checkMount } from '../mount.ts';
import { suggest } from '../suggest.ts';
import { atLeastOne, type Draft, type Fields } from './draft.ts';

const NETWORKS: readonly string[] = ['default', 'none', 'host'];
const SECURITIES: readonly string[] = ['sandbox', 'insecure'];

/** The exec form when the text is a JSON array, else the shell form. */
export function parseCommand(text: string): Command {
  const args = parseJsonForm(text);
  return args === undefined ? { form: 'shell', text } : { form: 'exec', args };
}

export function parseRun({ rest, flags, heredocs }: Draft): Fields<RunInstruction> {
  if (rest === '') throw new DockerfileError('RUN requires at least one argument');
  const mounts = flags.list('mount');
  for (const mount of mounts) checkMount(mount);
  return {
    command: parseCommand(rest),
    heredocs,
    mounts,
    network: oneOf(NETWORKS, flags.text('network'), (value) => `invalid network mode ${value}`),
    security: oneOf(SECURITIES, flags.text('security'), (value) => `security ${value} is not valid`),
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

function oneOf(known: readonly string[], value: string | undefined, message: (quoted: string) => string) {
  if (value === undefined || known.includes(value)) return value;
  const close = suggest(value, known);
  throw new DockerfileError(message(JSON.stringify(value)) + (close === undefined ? '' : ` (did you mean ${close}?)`), {
    hint: `It is one of ${known.join(', ')}.`,
  });
}

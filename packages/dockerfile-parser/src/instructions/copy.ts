import { DockerfileError } from '../dockerfile-error.ts';
import { parseHeredocStart } from '../heredoc.ts';
import type { AddInstruction, CopyInstruction } from '../instruction.ts';
import { parseJsonForm } from '../json-form.ts';
import { splitBlanks } from '../words.ts';
import type { Draft, Fields } from './draft.ts';

type Shared = Omit<Fields<AddInstruction>, 'checksum' | 'keepGitDir' | 'unpack'>;

export function parseCopy(draft: Draft): Fields<CopyInstruction> {
  const from = draft.flags.text('from');
  if (from?.includes('$') === true) {
    throw new DockerfileError(
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
      { hint: `Write FROM ${from} AS name above, and copy from that name here.` },
    );
  }
  return { ...parseShared('COPY', draft), from, parents: draft.flags.boolean('parents') ?? false };
}

export function parseAdd(draft: Draft): Fields<AddInstruction> {
  const { flags } = draft;
  return {
    ...parseShared('ADD', draft),
    checksum: flags.text('checksum'),
    keepGitDir: flags.boolean('keep-git-dir'),
    unpack: flags.boolean('unpack'),
  };
}

function parseShared(keyword: 'COPY' | 'ADD', { rest, flags, heredocs }: Draft): Shared {
  const json = parseJsonForm(rest);
  const words = json ?? splitBlanks(rest);
  const destination = words.at(-1);
  if (words.length < 2 || destination === undefined) {
    throw new DockerfileError(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
      { hint: `Write ${keyword} source... destination.` },
    );
  }
  const nameOf = (word: string) => (json === undefined ? parseHeredocStart(word)?.name : undefined);
  if (nameOf(destination) !== undefined)
    throw new DockerfileError(`${keyword} cannot accept a heredoc as a destination`, {
      hint: `Write ${keyword} <<${nameOf(destination)} /path: what is copied comes first.`,
    });
  const sources = words.slice(0, -1);
  const unused = heredocs.find(({ name }) => !sources.some((word) => nameOf(word) === name));
  if (unused !== undefined)
    throw new DockerfileError(
      `${keyword} cannot accept blanks in the name of a heredoc: ${JSON.stringify(unused.name)}`,
    );
  return {
    sources: sources.filter((word) => nameOf(word) === undefined),
    destination,
    // of several with the same name the last one is meant
    heredocs: sources.flatMap((word) => heredocs.findLast(({ name }) => name === nameOf(word)) ?? []),
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.boolean('link') ?? false,
    exclude: flags.list('exclude'),
  };
}

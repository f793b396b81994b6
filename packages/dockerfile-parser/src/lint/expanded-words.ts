import { DockerfileError } from '../dockerfile-error.ts';
import type { Instruction } from '../instruction.ts';
import { parseMount } from '../mount.ts';

/** A text in an instruction whose variables a build expands. */
export interface ExpandedText {
  readonly text: string;
  readonly kind: 'word' | 'heredoc';
}

const words = (...texts: readonly (string | undefined)[]): ExpandedText[] =>
  texts.flatMap((text) => (text === undefined ? [] : [{ text, kind: 'word' }]));

/** Returns nothing for ARG, whose defaults see the arguments before them, nor for EXPOSE, which is not checked. */
export function expandedTexts(instruction: Instruction): ExpandedText[] {
  switch (instruction.keyword) {
    case 'ENV':
    case 'LABEL':
      return words(...instruction.pairs.flatMap(({ key, value }) => [key, value]));
    case 'COPY':
    case 'ADD': {
      const { sources, destination, chown, chmod, heredocs } = instruction;
      const checksum = instruction.keyword === 'ADD' ? instruction.checksum : undefined;
      const bodies = heredocs
        .filter(({ expand }) => expand)
        .map(({ content }) => ({ text: content, kind: 'heredoc' as const }));
      return [...words(...sources, destination, chown, chmod, checksum), ...bodies];
    }
    case 'RUN':
      return words(...instruction.mounts.flatMap(mountValues));
    case 'WORKDIR':
      return words(instruction.path);
    case 'USER':
      return words(instruction.user);
    case 'VOLUME':
      return words(...instruction.paths);
    case 'STOPSIGNAL':
      return words(instruction.signal);
    default:
      return [];
  }
}

function mountValues(mount: string): string[] {
  const values: string[] = [];
  const collect = (value: string) => {
    values.push(value);
    return value;
  };
  try {
    parseMount(mount, { expand: collect });
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
  }
  return values;
}

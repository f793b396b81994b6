import { DockerfileError } from '../dockerfile-error.ts';
import type { VolumeInstruction } from '../instruction.ts';
import { parseJsonForm } from '../json-form.ts';
import { splitBlanks } from '../words.ts';
import { atLeastOne, type Draft, type Fields } from './draft.ts';

export function parseVolume({ rest }: Draft): Fields<VolumeInstruction> {
  const paths = atLeastOne('VOLUME', parseJsonForm(rest) ?? splitBlanks(rest)).map((path) => path.trim());
  if (paths.includes(''))
    throw new DockerfileError('VOLUME specified can not be an empty string', {
      hint: 'Write a path, as in VOLUME /data.',
    });
  return { paths };
}

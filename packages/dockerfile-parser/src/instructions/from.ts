import { DockerfileError } from '../dockerfile-error.ts';
import type { FromInstruction } from '../instruction.ts';
import { splitBlanks } from '../words.ts';
import type { Draft, Fields } from './draft.ts';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

export function parseFrom({ rest, flags }: Draft): Fields<FromInstruction> {
  const words = splitBlanks(rest);
  const [image = '', as, name] = words;
  if (words.length !== 1 && (words.length !== 3 || as?.toLowerCase() !== 'as')) {
    throw new DockerfileError('FROM requires either one or three arguments', {
      hint: 'Write FROM image, or FROM image AS name.',
    });
  }
  if (name !== undefined && !STAGE_NAME.test(name.toLowerCase())) {
    throw new DockerfileError(
      `invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`,
      { hint: 'Begin with a letter; digits, dots, dashes and underscores may follow.' },
    );
  }
  return { image, platform: flags.text('platform'), as: name };
}

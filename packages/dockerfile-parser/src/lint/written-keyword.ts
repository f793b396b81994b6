import type { Instruction } from '../instruction.ts';
import { splitFirst } from '../words.ts';

/** The keyword in the case that it was written in. */
export function writtenKeyword({ source }: Instruction): string {
  return splitFirst(source)[0];
}

import type { Instruction } from '../instruction.ts';
import { splitFirst } from '../words.ts';

/** The keyword in its original case. */
export function writtenKeyword({ source }: Instruction): string {
  return splitFirst(source)[0];
}

export type * from './instruction.ts';
export type { SourceRange } from './position.ts';

import { copySections } from './copy-sections.ts';
import { instructionsSections } from './instructions-sections.ts';
import { languageSections } from './language-sections.ts';
import { runSections } from './run-sections.ts';
import { surroundingsSections } from './surroundings-sections.ts';
import type { SupportSection } from './support-row.ts';

/** The rows of docs/dockerfile-support.md, in its order. */
export const supportTable: readonly SupportSection[] = [
  ...languageSections,
  ...instructionsSections,
  ...copySections,
  ...runSections,
  ...surroundingsSections,
];

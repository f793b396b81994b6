/** Files of this machine: atomic writes, scratch directories, a full disk. @module */
export { flushDirectory, undefinedIfMissing, writeFileAtomically } from './atomic-file.ts';
export { noSpace } from './no-space.ts';
export { openScratchDirectory, type ScratchDirectory } from './scratch-directory.ts';

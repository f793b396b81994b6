/** Files of this machine, also where other processes and other users may write. @module */
export { flushDirectory, undefinedIfMissing, writeFileAtomically } from './atomic-file.ts';
export { noSpace } from './no-space.ts';
export { openScratchDirectory, type ScratchDirectory } from './scratch-directory.ts';
export { ageMs } from './age.ts';
export { makeDirectory, makeDirectorySync } from './make-directory.ts';
export { type Access, StoreDirectory } from './store-directory.ts';
export {
  openRegularFile,
  type ReadRegularFileOptions,
  type RegularFile,
  readRegularFile,
  readRegularFileSync,
} from './regular-file.ts';

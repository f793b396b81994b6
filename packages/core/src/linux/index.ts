/** System calls of Linux. A sub-path of its own, because threads that load nothing else start faster. @module */
export { CloneFlag, FileType, LockOperation, MountFlag, ProcessControl, UnmountFlag } from './flags.ts';
export { loadSystemCalls, type MountArguments, type SystemCalls, type SystemPath } from './system-calls.ts';

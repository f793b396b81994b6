/** What a sandbox's worker thread loads: nothing but the system calls, so that it starts fast. @module */
export { CloneFlag, FileType, LockOperation, MountFlag, ProcessControl, UnmountFlag } from './flags.ts';
export { loadSystemCalls, type MountArguments, type SystemCalls, type SystemPath } from './system-calls.ts';

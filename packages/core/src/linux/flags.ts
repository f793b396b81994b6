/** Values of the kernel's interface, the same on every architecture that shale runs on. */

/** @see https://man7.org/linux/man-pages/man2/mount.2.html */
export const MountFlag = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  remount: 0x20,
  noSymFollow: 0x100,
  noAtime: 0x400,
  bind: 0x1000,
  move: 0x2000,
  recursive: 0x4000,
  unbindable: 0x20000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
} as const;

/** @see https://man7.org/linux/man-pages/man2/umount.2.html */
export const UnmountFlag = { force: 1, detach: 2, expire: 4, noFollow: 8 } as const;

/** @see https://man7.org/linux/man-pages/man7/namespaces.7.html */
export const CloneFlag = {
  fs: 0x200,
  newTime: 0x80,
  newMount: 0x20000,
  newCgroup: 0x2000000,
  newUts: 0x4000000,
  newIpc: 0x8000000,
  newUser: 0x10000000,
  newPid: 0x20000000,
  newNet: 0x40000000,
} as const;

/** @see https://man7.org/linux/man-pages/man2/prctl.2.html */
export const ProcessControl = {
  setParentDeathSignal: 1,
  getDumpable: 3,
  setDumpable: 4,
  setKeepCaps: 8,
  setName: 15,
  capabilityRead: 23,
  capabilityDrop: 24,
  setChildSubreaper: 36,
  setNoNewPrivileges: 38,
  ambientCapability: 47,
} as const;

/** @see https://man7.org/linux/man-pages/man2/flock.2.html */
export const LockOperation = { shared: 1, exclusive: 2, nonBlocking: 4, unlock: 8 } as const;

/** The type bits of `st_mode`. @see https://man7.org/linux/man-pages/man7/inode.7.html */
export const FileType = {
  mask: 0o170000,
  socket: 0o140000,
  symlink: 0o120000,
  file: 0o100000,
  block: 0o060000,
  directory: 0o040000,
  character: 0o020000,
  fifo: 0o010000,
} as const;

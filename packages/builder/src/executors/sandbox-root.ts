import type { Stats } from 'node:fs';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SystemCalls } from '@shale/core/linux';
import { MountFlag, UnmountFlag } from '@shale/core/linux';
import type { StepMount, StepProcess } from './executor.ts';
import { makeInTree } from '../tree/scoped-path.ts';
import { allowDevices, restrictMount } from './mount-attributes.ts';
import type { NamespacesConfinement } from './sandbox-message.ts';
import { DEVICE_LINKS, DEVICES, hostsFile, MASKED_PATHS, READ_ONLY_PATHS } from './sandbox-paths.ts';
import type { SyscallNumbers } from '../host/syscall-number.ts';

const { bind, recursive, noSuid, noDev, noExec, readOnly } = MountFlag;

/**
 * Mounts what a step sees over its tree, in the mount namespace of the calling thread. Device nodes work only where this
 * puts them: root in the step may make others, which then cannot be opened.
 */
export class SandboxRoot {
  readonly #calls: SystemCalls;
  readonly #numbers: SyscallNumbers;
  readonly #step: StepProcess;
  readonly #confinement: NamespacesConfinement;
  readonly #root: string;

  constructor(calls: SystemCalls, numbers: SyscallNumbers, step: StepProcess, confinement: NamespacesConfinement) {
    this.#calls = calls;
    this.#numbers = numbers;
    this.#step = step;
    this.#confinement = confinement;
    this.#root = step.root;
  }

  /** Makes a mount of the tree, to which others are added. */
  bind(): void {
    this.#calls.mount({ source: 'none', target: '/', flags: recursive | MountFlag.private });
    this.#bind(this.#root, this.#root);
    if (this.#isInsecure) allowDevices(this.#calls, this.#numbers, this.#root);
    else restrictMount(this.#calls, this.#numbers, this.#root, ['noDev']);
  }

  get #isInsecure(): boolean {
    return this.#step.security === 'insecure';
  }

  /** All but `/proc`, and what lies over it. */
  mount(): void {
    this.#mountDevices(join(this.#root, 'dev'));
    this.#mountSys(join(this.#root, 'sys'));
    this.#mountNameFiles();
  }

  /** Hides what is dangerous, then mounts what the step asked for. `/proc` is there. */
  finish(): void {
    if (this.#confinement.processes === 'shared') this.#bindProc(join(this.#root, 'proc'));
    for (const path of this.#isInsecure ? [] : READ_ONLY_PATHS) this.#protect(join(this.#root, path));
    for (const path of this.#isInsecure ? [] : MASKED_PATHS) this.#mask(join(this.#root, path));
    for (const mount of this.#step.mounts) this.#mountForStep(mount);
  }

  /** Makes the tree the root of the mount namespace, so that nothing outside can be reached even by escaping a chroot. */
  enter(): void {
    this.#calls.chdir(this.#root);
    try {
      this.#calls.pivotRoot('.', '.');
      this.#calls.umount('.', UnmountFlag.detach);
    } catch (error) {
      // an initial ramdisk cannot be pivoted away from, and Docker's seccomp profile forbids the call
      if (!['EINVAL', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      this.#calls.mount({ source: this.#root, target: '/', flags: MountFlag.move });
      this.#calls.chroot('.');
    }
    this.#calls.chdir('/');
  }

  #bind(source: string, target: string, flags = 0): void {
    this.#calls.mount({ source, target, flags: bind | flags });
  }

  #tmpfs(target: string, flags: number, data: string): void {
    this.#calls.mount({ source: 'tmpfs', target, type: 'tmpfs', flags, data });
  }

  #mountDevices(dev: string): void {
    this.#tmpfs(dev, noSuid | noExec | (this.#isInsecure ? 0 : noDev), 'mode=755,size=65536k');
    for (const name of DEVICES.filter((device) => existsSync(`/dev/${device}`))) {
      closeSync(openSync(join(dev, name), 'wx'));
      this.#bind(`/dev/${name}`, join(dev, name));
    }
    for (const [name, target] of DEVICE_LINKS) symlinkSync(target, join(dev, name));
    for (const name of ['pts', 'shm', 'mqueue']) mkdirSync(join(dev, name));
    this.#mountTerminals(join(dev, 'pts'));
    this.#tmpfs(join(dev, 'shm'), noSuid | noExec | noDev, 'mode=1777,size=65536k');
    this.#mountFresh('mqueue', join(dev, 'mqueue'), noSuid | noExec | noDev);
  }

  #mountTerminals(target: string): void {
    const data = 'newinstance,ptmxmode=0666,mode=0620';
    const flags = noSuid | noExec;
    try {
      this.#calls.mount({ source: 'devpts', target, type: 'devpts', flags, data: `${data},gid=5` });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error; // group 5 is not in the user namespace
      this.#calls.mount({ source: 'devpts', target, type: 'devpts', flags, data });
    }
  }

  /** Whether the kernel lets a new instance of this file system be mounted here. */
  #mountFresh(type: string, target: string, flags: number): boolean {
    try {
      this.#calls.mount({ source: type, target, type, flags });
      return true;
    } catch {
      return false;
    }
  }

  #mountSys(target: string): void {
    const flags = noSuid | noDev | noExec | (this.#isInsecure ? 0 : readOnly);
    if (this.#mountFresh('sysfs', target, flags)) return;
    this.#bind('/sys', target, recursive);
    if (this.#isInsecure) return;
    restrictMount(this.#calls, this.#numbers, target, ['readOnly', 'noSuid', 'noDev', 'noExec']);
  }

  #bindProc(target: string): void {
    this.#bind('/proc', target, recursive);
  }

  /** In memory, so that the step may write to them and the host's files stay as they are. */
  #mountNameFiles(): void {
    this.#bindContent('/etc/hosts', hostsFile(this.#step.hostname));
    this.#bindContent('/etc/resolv.conf', existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf') : '');
  }

  #bindContent(target: string, content: string | Uint8Array): void {
    const source = join(this.#root, 'dev/.content');
    writeFileSync(source, content, { mode: 0o644, flag: 'wx' });
    this.#bind(source, makeInTree(this.#root, target, 'file'));
    unlinkSync(source);
  }

  #protect(path: string): void {
    if (!existsSync(path)) return;
    this.#bind(path, path, recursive);
    restrictMount(this.#calls, this.#numbers, path, ['readOnly']);
  }

  #mask(path: string): void {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) this.#tmpfs(path, readOnly | noSuid | noDev | noExec, 'size=0,mode=555');
    else if (stats !== undefined) this.#bind('/dev/null', path);
  }

  #mountForStep(mount: StepMount): void {
    switch (mount.type) {
      case 'bind':
        return this.#bindForStep(mount.source, mount.target, mount.readOnly);
      case 'tmpfs':
        return this.#tmpfsForStep(mount);
      case 'overlay':
        return this.#overlayForStep(mount.source, mount.target);
    }
  }

  #bindForStep(source: string, target: string, isReadOnly: boolean): void {
    const type = statSync(source).isDirectory() ? 'directory' : 'file';
    const place = makeInTree(this.#root, target, type);
    this.#bind(source, place, recursive);
    restrictMount(this.#calls, this.#numbers, place, isReadOnly ? ['noDev', 'readOnly'] : ['noDev']);
  }

  #tmpfsForStep({ target, sizeBytes, mode = 0o1777 }: Extract<StepMount, { type: 'tmpfs' }>): void {
    const size = sizeBytes === undefined ? '' : `,size=${sizeBytes}`;
    const place = makeInTree(this.#root, target, 'directory');
    this.#tmpfs(place, noSuid | noDev, `mode=${mode.toString(8)}${size}`);
  }

  #overlayForStep(source: string, target: string): void {
    const stats = statSync(source);
    if (!stats.isDirectory()) return this.#copyForStep(source, target, stats);
    const place = makeInTree(this.#root, target, 'directory');
    this.#tmpfs(place, noSuid | noDev, 'mode=755');
    const [upper, work] = [join(place, 'upper'), join(place, 'work')];
    mkdirSync(upper, { mode: stats.mode & 0o7777 });
    mkdirSync(work);
    chownSync(upper, stats.uid, stats.gid);
    const fds = [source, upper, work].map((path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    const [lowerdir, upperdir, workdir] = fds.map((fd) => `/proc/self/fd/${fd}`);
    const marks = this.#confinement.isUserNamespace ? ',userxattr' : '';
    const data = `lowerdir=${lowerdir},upperdir=${upperdir},workdir=${workdir}${marks}`;
    this.#calls.mount({ source: 'overlay', target: place, type: 'overlay', flags: noDev, data });
    for (const fd of fds) closeSync(fd);
  }

  /** What an overlay does for a directory, for a file. */
  #copyForStep(source: string, target: string, { mode, uid, gid }: Stats): void {
    const memory = join(this.#root, 'dev/.content');
    const copy = join(memory, 'file');
    mkdirSync(memory);
    this.#tmpfs(memory, noSuid | noDev, 'mode=700');
    copyFileSync(source, copy);
    chownSync(copy, uid, gid);
    chmodSync(copy, mode & 0o7777);
    this.#bind(copy, makeInTree(this.#root, target, 'file'));
    this.#calls.umount(memory, UnmountFlag.detach);
    rmdirSync(memory);
  }
}

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { flushDirectory, undefinedIfMissing } from './atomic-file.ts';
import { StoreInvalidError } from '../errors.ts';
import { makeDirectory } from './make-directory.ts';

/**
 * Who may use what a store writes.
 *
 * - `owner`: nobody else, unless the store's directory is shared. Its group shares it where the group may write, others
 *   where others may write, and a setgid bit shares it as far as its own mode goes. Who shares it gets the directory's own
 *   permissions on everything in it, whatever the umask says.
 * - `everyone`: whom the umask lets, as with any file that a user asks for.
 */
export type Access = 'owner' | 'everyone';

/** Permission bits of what is made. */
interface Modes {
  readonly directory: number;
  readonly file: number;
  /** The umask must not take any of them away. */
  readonly isExact: boolean;
}

const EVERYONE: Modes = { directory: 0o777, file: 0o644, isExact: false };

/**
 * A directory that a store keeps, and that processes of several users may write to at once. `root` itself may be a symlink
 * to a directory. Below it symlinks are refused: through one, a store would write and remove files elsewhere.
 */
export class StoreDirectory {
  readonly root: string;
  readonly #access: Access;

  constructor(root: string, access: Access = 'owner') {
    this.root = root;
    this.#access = access;
  }

  /**
   * Makes a directory below the root, and those that it lies in.
   * @returns its path.
   * @throws {StoreInvalidError} where a symlink or a file takes the place of one.
   */
  async make(...names: readonly string[]): Promise<string> {
    const { directory, isExact } = await this.#modes();
    let path = this.root;
    for (const name of names) {
      path = join(path, name);
      if (await isRealDirectory(path)) continue;
      try {
        await mkdir(path, { mode: directory });
        if (isExact) await chmod(path, directory);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        await isRealDirectory(path); // another process made it, or it is something else
      }
    }
    return path;
  }

  /**
   * Whether the directory is there.
   * @throws {StoreInvalidError} where a symlink or a file takes the place of one on the way.
   */
  async has(...names: readonly string[]): Promise<boolean> {
    let path = this.root;
    for (const name of names) {
      path = join(path, name);
      if (!(await isRealDirectory(path))) return false;
    }
    return true;
  }

  /** Makes a file that was not there, to be written. Its directory is there. */
  async create(path: string): Promise<FileHandle> {
    const { file: mode, isExact } = await this.#modes();
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    if (isExact) await file.chmod(mode);
    return file;
  }

  /** Writes a file in `directory`, names below the root. Readers see the old content or the new, never a part. */
  async write(directory: readonly string[], name: string, data: string | Uint8Array): Promise<void> {
    const path = join(await this.make(...directory), name);
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await this.#writeNew(temporary, data);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await flushDirectory(dirname(path));
  }

  async #writeNew(path: string, data: string | Uint8Array): Promise<void> {
    await using file = await this.create(path);
    await file.writeFile(data);
    await file.sync();
  }

  /** Looked up for each write: the mode of the root may change, and the root may be removed, while it is in use. */
  async #modes(): Promise<Modes> {
    await makeDirectory(this.root, this.#access === 'owner' ? { mode: 0o700 } : {});
    return this.#access === 'owner' ? modesOf((await stat(this.root)).mode) : EVERYONE;
  }
}

/** @throws {StoreInvalidError} for what is there and is no directory. */
async function isRealDirectory(path: string): Promise<boolean> {
  const found = await lstat(path).catch(undefinedIfMissing);
  if (found === undefined) return false;
  if (found.isDirectory()) return true;
  throw new StoreInvalidError(`${path} is ${found.isSymbolicLink() ? 'a symbolic link' : 'not a directory'}`, {
    hint: 'Only the top directory of a store may be a link. Remove this one, and the directory is made anew.',
  });
}

const SETGID = 0o2000;

/** See `Access`. */
function modesOf(root: number): Modes {
  const isSetgid = (root & SETGID) !== 0;
  const group = isSetgid || (root & constants.S_IWGRP) !== 0 ? root & constants.S_IRWXG : 0;
  const others = isSetgid || (root & constants.S_IWOTH) !== 0 ? root & constants.S_IRWXO : 0;
  const shared = group | others;
  const setgid = isSetgid ? SETGID : 0;
  return { directory: 0o700 | shared | setgid, file: 0o600 | (shared & 0o066), isExact: shared !== 0 };
}

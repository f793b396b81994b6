import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StoreInvalidError } from '../errors.ts';

/** An open file and what it was when it was opened. The caller closes it. */
export interface RegularFile extends AsyncDisposable {
  readonly file: FileHandle;
  readonly stats: Stats;
}

type Fail = (message: string) => Error;

export interface ReadRegularFileOptions {
  /** A larger file is refused before a byte of it is read. */
  readonly maxBytes: number;
  /** Makes the error for a file that is refused. @default a StoreInvalidError */
  readonly fail?: Fail | undefined;
}

/** Opening a FIFO waits for its other end without O_NONBLOCK. A terminal must not become that of the process. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The answers of `open` for a symlink, and for a socket or device that nothing stands behind. */
const IRREGULAR: ReadonlySet<string> = new Set(['ELOOP', 'EMLINK', 'ENXIO', 'ENODEV']);

/**
 * Opens a file in a place where others may write. Only a regular file is opened: reading a symlink would leave the place,
 * and a FIFO or a device may never end.
 * @returns `undefined` where there is no file.
 * @throws {StoreInvalidError} for anything but a regular file, or what `fail` makes.
 */
export async function openRegularFile(path: string, fail: Fail = storeInvalid): Promise<RegularFile | undefined> {
  const file = await open(path, OPEN_FLAGS).catch((error: unknown) => refused(error, path, fail));
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw irregular(path, fail);
    return { file, stats, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a whole file in a place where others may write.
 * @returns `undefined` where there is no file.
 * @throws {StoreInvalidError} for anything but a regular file, and for one that is too large, or what `fail` makes.
 */
export async function readRegularFile(path: string, options: ReadRegularFileOptions): Promise<Buffer | undefined> {
  await using opened = await openRegularFile(path, options.fail);
  if (opened === undefined) return undefined;
  checkSize(opened.stats, path, options);
  return readWhole(opened);
}

/** Reads what the file held when it was opened: what is appended meanwhile is not read. */
export async function readWhole({ file, stats }: RegularFile): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(stats.size);
  let length = 0;
  while (length < bytes.byteLength) {
    const { bytesRead } = await file.read(bytes, length, bytes.byteLength - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/** Does the same at once: for small files on a local disk, where a queue of asynchronous calls takes longer. */
export function readRegularFileSync(path: string, options: ReadRegularFileOptions): Buffer | undefined {
  const { fail = storeInvalid } = options;
  let file: number;
  try {
    file = openSync(path, OPEN_FLAGS);
  } catch (error) {
    return refused(error, path, fail);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw irregular(path, fail);
    checkSize(stats, path, options);
    const bytes = Buffer.allocUnsafe(stats.size);
    let length = 0;
    while (length < bytes.byteLength) {
      const bytesRead = readSync(file, bytes, length, bytes.byteLength - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function refused(error: unknown, path: string, fail: Fail): undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw IRREGULAR.has(code) ? irregular(path, fail) : error;
}

function checkSize({ size }: Stats, path: string, { maxBytes, fail = storeInvalid }: ReadRegularFileOptions): void {
  if (size > maxBytes) throw fail(`${path} is larger than ${maxBytes} bytes`);
}

const storeInvalid: Fail = (message) => new StoreInvalidError(message);

const irregular = (path: string, fail: Fail) => fail(`${path} is not a regular file`);

import { closeSync, constants, fstatSync, open as openWithCallback, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StoreInvalidError } from '../errors.ts';

/** An open file, and its state when it was opened. Dispose it to close it. */
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
 * Reads a whole file in a place where others may write. For small files: only opening it is asynchronous, which is what a
 * network file system may take long for.
 * @returns `undefined` where there is no file.
 * @throws {StoreInvalidError} for anything but a regular file, and for one that is too large, or what `fail` makes.
 */
export async function readRegularFile(path: string, options: ReadRegularFileOptions): Promise<Buffer | undefined> {
  return readCheckedFile(path, checksOf(path, options));
}

/** Does the same at once. */
export function readRegularFileSync(path: string, options: ReadRegularFileOptions): Buffer | undefined {
  const checks = checksOf(path, options);
  let file: number;
  try {
    file = openSync(path, OPEN_FLAGS);
  } catch (error) {
    return refused(error, path, checks.fail);
  }
  return readAndClose(file, path, checks);
}

export interface FileChecks {
  /** Makes the error for anything but a regular file. */
  readonly fail: Fail;
  /** Throws when a file of this size must not be read. */
  readonly checkSize: (sizeBytes: number) => void;
}

export async function readCheckedFile(path: string, checks: FileChecks): Promise<Buffer | undefined> {
  const file = await openDescriptor(path, OPEN_FLAGS).catch((error: unknown) => refused(error, path, checks.fail));
  return file === undefined ? undefined : readAndClose(file, path, checks);
}

const openDescriptor = promisify(openWithCallback);

/** Reads what the file holds now: what is appended meanwhile is not read. */
function readAndClose(file: number, path: string, { fail, checkSize }: FileChecks): Buffer {
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw irregular(path, fail);
    checkSize(stats.size);
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

function checksOf(path: string, { maxBytes, fail = storeInvalid }: ReadRegularFileOptions): FileChecks {
  return {
    fail,
    checkSize(sizeBytes) {
      if (sizeBytes > maxBytes) throw fail(`${path} is larger than ${maxBytes} bytes`);
    },
  };
}

function refused(error: unknown, path: string, fail: Fail): undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw IRREGULAR.has(code) ? irregular(path, fail) : error;
}

const storeInvalid: Fail = (message) => new StoreInvalidError(message);

const irregular = (path: string, fail: Fail) => fail(`${path} is not a regular file`);

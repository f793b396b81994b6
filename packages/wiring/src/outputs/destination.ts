import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, constants, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type CallOptions, ShaleError } from '@shale/core';
import { noSpace, undefinedIfMissing } from '@shale/core/files';
import { OutputUnwritableError } from './output-unwritable-error.ts';

/** What `-` names: standard output, as a rule. */
export type OutputStream = Writable & { readonly isTTY?: boolean | undefined };

export interface DestinationOptions extends CallOptions {
  readonly stdout: OutputStream;
}

class TerminalDestinationError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** Fails before a build whose result could not be written. `path` is absolute, or `-`. @throws {OutputUnwritableError} */
export async function checkFileDestination(path: string, stdout: OutputStream): Promise<void> {
  if (path === '-') {
    if (stdout.isTTY === true)
      throw new TerminalDestinationError('An archive is not written to a terminal', {
        hint: 'Redirect stdout, or name a file.',
      });
    return;
  }
  const found = await stat(path).catch(undefinedIfMissing);
  if (found?.isDirectory() === true) {
    throw new OutputUnwritableError(`${path} is a directory`, { hint: 'Name a file in it, such as out.tar.' });
  }
  await checkWritable(found === undefined ? dirname(path) : path, path);
}

/** The same for a directory, which need not exist yet. */
export async function checkDirectoryDestination(path: string): Promise<void> {
  let existing = path;
  let found = await stat(existing).catch(undefinedIfMissing);
  while (found === undefined && dirname(existing) !== existing) {
    existing = dirname(existing);
    found = await stat(existing).catch(undefinedIfMissing);
  }
  if (found?.isDirectory() !== true) throw new OutputUnwritableError(`${existing} is not a directory`);
  await checkWritable(existing, path);
}

async function checkWritable(existing: string, path: string): Promise<void> {
  await access(existing, constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? `${existing} does not exist` : `${existing} is not writable (${cause.code})`;
    throw new OutputUnwritableError(`Cannot write ${path}: ${why}`, {
      cause,
      hint: 'Choose another place, or change its rights.',
    });
  });
}

/** Gives `write` a sink for stdout, or for a file that appears under its name only when it is whole. */
export async function writeDestination(
  path: string,
  write: (sink: Writable) => Promise<void>,
  { stdout, signal }: DestinationOptions,
): Promise<void> {
  if (path === '-') return writeThrough(write, stdout, signal);
  await mkdir(dirname(path), { recursive: true });
  const special = (await stat(path).catch(undefinedIfMissing))?.isFile() === false;
  if (special) {
    const device = createWriteStream(path);
    await writeThrough(write, device, signal);
    device.end();
    return finished(device);
  }
  const temporary = join(dirname(path), `.shale-${randomBytes(6).toString('hex')}.tmp`);
  const sink = createWriteStream(temporary, { flags: 'wx', highWaterMark: 4 * 1024 * 1024, signal });
  try {
    await write(sink);
    sink.end();
    await finished(sink);
    await rename(temporary, path);
  } catch (error) {
    await closed(sink);
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    return noSpace(dirname(path))(error);
  }
}

/** A file that is still being opened would appear after it was removed. */
async function closed(sink: Writable): Promise<void> {
  sink.destroy();
  if (!sink.closed) await once(sink, 'close');
}

/** `target` stays open. A write is done when `target` is done with it: writers use their memory again. */
async function writeThrough(
  write: (sink: Writable) => Promise<void>,
  target: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sink = new Writable({ write: (chunk, _encoding, done) => void target.write(chunk, done), signal });
  await write(sink);
  sink.end();
  await finished(sink);
}

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoreInvalidError } from '../errors.ts';
import { openScratchDirectory } from './scratch-directory.ts';
import { openRegularFile, readRegularFile, readRegularFileSync } from './regular-file.ts';

const MAX = { maxBytes: 1024 };

/** Both ways to read a whole file, as one. */
const READERS = [
  ['readRegularFile()', readRegularFile],
  ['readRegularFileSync()', async (...args: Parameters<typeof readRegularFileSync>) => readRegularFileSync(...args)],
] as const;

describe.each(READERS)('%s', (_, read) => {
  it('reads a file, and says when there is none', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'file');
    expect(await read(path, MAX)).toBeUndefined();
    expect(await read(join(path, 'below'), MAX)).toBeUndefined();
    writeFileSync(path, 'text');
    expect(await read(join(path, 'below'), MAX)).toBeUndefined();
    expect(String(await read(path, MAX))).toBe('text');
  });

  it('refuses a FIFO, a socket, a directory, a device and every symlink, and waits for none of them', async () => {
    await using scratch = await openScratchDirectory();
    const at = (name: string) => join(scratch.path, name);
    writeFileSync(at('file'), 'text');
    mkdirSync(at('directory'));
    execFileSync('mkfifo', [at('fifo')]);
    symlinkSync('file', at('link'));
    symlinkSync('absent', at('dangling'));
    symlinkSync('/dev/zero', at('endless'));
    symlinkSync('looping', at('looping'));
    await using server = createServer();
    await new Promise<void>((resolve) => void server.listen(at('socket'), resolve));
    for (const name of ['directory', 'fifo', 'link', 'dangling', 'endless', 'looping', 'socket'])
      await expect(read(at(name), MAX), name).rejects.toThrow(`${at(name)} is not a regular file`);
    await expect(read('/dev/zero', MAX)).rejects.toThrow(StoreInvalidError);
  });

  it('refuses a file that is too large before it reads it', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'file');
    writeFileSync(path, 'x');
    truncateSync(path, 2 ** 40); // sparse: 1 TiB that take no room
    await expect(read(path, MAX)).rejects.toThrow(`${path} is larger than 1024 bytes`);
    truncateSync(path, MAX.maxBytes);
    expect((await read(path, MAX))?.byteLength).toBe(MAX.maxBytes);
  });

  it('throws what the caller makes of it', async () => {
    const fail = (message: string) => new RangeError(message);
    await expect(read('/dev/zero', { ...MAX, fail })).rejects.toThrow(RangeError);
  });
});

it('openRegularFile() reports the state of the file when it was opened', async () => {
  await using scratch = await openScratchDirectory();
  const path = join(scratch.path, 'file');
  writeFileSync(path, 'one');
  await using opened = await openRegularFile(path);
  appendFileSync(path, ' two');
  expect(opened?.stats.size).toBe(3);
  await expect(openRegularFile(scratch.path)).rejects.toThrow('is not a regular file');
});

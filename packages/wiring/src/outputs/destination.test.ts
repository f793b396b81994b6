import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openScratchDirectory } from '@shale/core/files';
import { describe, expect, it } from 'vitest';
import { checkDirectoryDestination, checkFileDestination, writeDestination } from './destination.ts';

const stdout = new PassThrough();

describe('writeDestination()', () => {
  it('makes a whole file, and leaves the old one when the write fails', async () => {
    await using scratch = await openScratchDirectory();
    const path = join(scratch.path, 'new/out.tar');
    await writeDestination(path, async (sink) => void sink.write('one'), { stdout });
    expect(readFileSync(path, 'utf8')).toBe('one');
    const failing = writeDestination(
      path,
      async (sink) => {
        sink.write('half');
        throw new Error('boom');
      },
      { stdout },
    );
    await expect(failing).rejects.toThrow('boom');
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(readdirSync(join(scratch.path, 'new'))).toEqual(['out.tar']);
  });

  it('writes to stdout and leaves it open', async () => {
    const output = new PassThrough();
    await writeDestination('-', async (sink) => void sink.write('one'), { stdout: output });
    output.end('two');
    expect(await text(output)).toBe('onetwo');
  });
});

it('writeDestination() is done with the memory of a chunk only when stdout is', async () => {
  let seen = '';
  const slowly = new Writable({
    write(piece: Buffer, _encoding, done) {
      setImmediate(() => {
        seen += piece.toString();
        done();
      });
    },
  });
  const chunk = Buffer.from('a');
  const written = writeDestination(
    '-',
    async (sink) => {
      for (const letter of 'abc') {
        chunk.write(letter);
        await new Promise((done) => void sink.write(chunk, done));
      }
    },
    { stdout: slowly },
  );
  await written;
  expect(seen).toBe('abc');
});

describe('checkFileDestination()', () => {
  it('refuses a directory, a missing parent and a terminal before anything is built', async () => {
    await using scratch = await openScratchDirectory();
    await expect(checkFileDestination(scratch.path, stdout)).rejects.toThrow(`${scratch.path} is a directory`);
    await expect(checkFileDestination(join(scratch.path, 'no/out.tar'), stdout)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringContaining('does not exist'),
    });
    await expect(checkFileDestination('-', Object.assign(new PassThrough(), { isTTY: true }))).rejects.toMatchObject({
      code: 'USAGE_INVALID',
    });
    await checkFileDestination(join(scratch.path, 'out.tar'), stdout);
  });
});

describe('checkDirectoryDestination()', () => {
  it('takes a directory that is not there yet, and no file in its place', async () => {
    await using scratch = await openScratchDirectory();
    const file = join(scratch.path, 'file');
    writeFileSync(file, '');
    mkdirSync(join(scratch.path, 'there'));
    await checkDirectoryDestination(join(scratch.path, 'there/a/b'));
    await expect(checkDirectoryDestination(join(file, 'a'))).rejects.toThrow(`${file} is not a directory`);
  });
});

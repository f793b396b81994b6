import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import type { DecompressionEngine } from './decompression.ts';
import { DecompressorMissingError } from '../errors.ts';

/** PATH is not searched: it may lead into a tree that is being built. */
const DIRECTORIES = ['/usr/bin', '/bin', '/usr/local/bin', '/opt/homebrew/bin'];
const ARGUMENTS = { xz: ['-dc', '--memlimit-decompress=256MiB'], bzip2: ['-dc'] } as const;
const PACKAGES = { xz: 'xz-utils', bzip2: 'bzip2' } as const;
const MAX_STDERR_BYTES = 4096;

/** Decodes formats that Node has no decoder for. The program is killed when the stream closes. */
export function startDecompressionProgram(name: 'xz' | 'bzip2'): DecompressionEngine {
  const child = spawn(findProgram(name), ARGUMENTS[name], { stdio: 'pipe', env: {} });
  const closed = once(child, 'close');
  closed.catch(() => {}); // its streams report a program that does not start
  let complaint = '';
  child.stderr.on('data', (data) => (complaint = `${complaint}${String(data)}`.slice(0, MAX_STDERR_BYTES)));
  child.stdout.once('close', () => child.kill('SIGKILL'));
  return {
    writable: child.stdin,
    readable: child.stdout,
    async finish() {
      const [code] = (await closed) as [number | null];
      if (code !== 0 || complaint !== '')
        throw new Error(complaint.trim() || `${name} ended with ${code ?? 'a signal'}`);
    },
  };
}

function findProgram(name: 'xz' | 'bzip2'): string {
  const found = DIRECTORIES.map((directory) => `${directory}/${name}`).find(isExecutable);
  if (found !== undefined) return found;
  throw new DecompressorMissingError(`The archive is compressed with ${name}, and there is no program ${name} here`, {
    hint: `Install ${PACKAGES[name]}, or compress the archive with gzip or zstd.`,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { existsSync, realpathSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { requireCommand } from '../src/command.ts';

const OWN_DIRECTORY = '/.envbuilder';
const LIBRARIES = `${OWN_DIRECTORY}/lib`;
export const LOADER = 'ld.so';
const LIBRARY_DIRECTORIES = [
  'lib/x86_64-linux-gnu',
  'usr/lib/x86_64-linux-gnu',
  'lib/aarch64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
];
const LOADER_NAME = /^ld-linux/;

/** Copies programs and libraries of a Debian root to another folder, where they use only each other. */
export class Relocation {
  readonly #root: string;
  readonly #libraries: string;
  readonly #known = new Set<string>();

  /** @param libraries The directory that becomes `/.envbuilder/lib`. */
  constructor(root: string, libraries: string) {
    this.#root = root;
    this.#libraries = libraries;
  }

  /** Copies a program that uses the loader and the libraries at their new place. */
  async program(from: string, to: string): Promise<void> {
    await copyStripped(from, to);
    for (const name of await this.#needed(to)) await this.library(name);
    const rpath = ['--force-rpath', '--set-rpath', LIBRARIES];
    await requireCommand(['patchelf', '--set-interpreter', `${LIBRARIES}/${LOADER}`, ...rpath, to]);
    await chmod(to, 0o755);
  }

  /** Copies a library by its name, and what it needs. */
  async library(name: string): Promise<void> {
    if (this.#known.has(name)) return;
    this.#known.add(name);
    const to = join(this.#libraries, LOADER_NAME.test(name) ? LOADER : name);
    await copyStripped(this.#find(name), to);
    for (const other of await this.#needed(to)) await this.library(other);
    await chmod(to, 0o755);
  }

  #find(name: string): string {
    const path = LIBRARY_DIRECTORIES.map((directory) => join(this.#root, directory, name)).find((each) =>
      existsSync(each),
    );
    if (path !== undefined) return realpathSync(path);
    throw new Error(`${name} is in none of the Debian packages`);
  }

  async #needed(path: string): Promise<readonly string[]> {
    return (await requireCommand(['patchelf', '--print-needed', path])).split('\n').filter((name) => name !== '');
  }
}

async function copyStripped(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, 0o755);
  // the loader's symbols are what debuggers and a few libraries look for
  if (basename(to) !== LOADER) await requireCommand(['strip', '--strip-unneeded', to]);
}

import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { CallOptions } from '@shale/core';
import { hostPath } from '@shale/core/archive';
import type { ModeChange } from '@shale/dockerfile-parser';
import { parseChmod } from '@shale/dockerfile-parser';
import { resolveInTree } from '../tree/scoped-path.ts';
import { LoopYielder } from './yield-to-loop.ts';
import { FileCopier } from './file-copier.ts';
import type { DirectoryMetadata } from '../tree/make-directory.ts';
import { makeDirectories, makeDirectoryInTree, PathConflictError } from '../tree/make-directory.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import type { ResolvedSource } from './sources.ts';
import { walkSource } from './walk.ts';

export interface CopyTreeOptions extends CallOptions {
  /** The owner of copies and new directories. `undefined` keeps the owners of sources; new directories belong to root. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** The value of `--chmod`: octal or symbolic. */
  readonly chmod: string | undefined;
  /** The rules of `--exclude`. */
  readonly exclude: readonly string[];
  /** Called for what cannot be created here: attributes, devices. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Copies sources to `destination`, an absolute path in `tree`. With a trailing slash it is a directory. Later sources
 * overwrite earlier ones. Symlinks in `destination` are resolved within the tree. Nobody else may change the tree meanwhile.
 * @see https://docs.docker.com/reference/dockerfile/#copy
 * @throws {PathConflictError} if a directory would replace a file, or a file a directory.
 */
export async function copyIntoTree(
  tree: string,
  from: SourceTree,
  sources: readonly ResolvedSource[],
  destination: string,
  options: CopyTreeOptions,
): Promise<void> {
  const { owner, chmod, exclude, onWarning, signal } = options;
  const change = chmod === undefined ? undefined : parseChmod(chmod);
  const made = { uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, mode: madeMode(chmod, change) };
  const yielder = new LoopYielder(signal);
  for (const source of sources) {
    const copier = new FileCopier(tree, { owner, change, onWarning });
    let target: string | undefined;
    for (const entry of walkSource(from, source, exclude)) {
      if (target === undefined) {
        target = landingPlace(tree, source, destination, made);
        copier.start(source.isDirectory ? target : dirname(target));
      }
      if (entry.path === '' && source.isDirectory) copier.keepTime(entry.host, target);
      else {
        const slow = copier.copy(entry, entry.path === '' ? target : `${target}/${entry.path}`);
        if (slow !== undefined) await slow;
      }
      if (yielder.isDue()) await yielder.yieldToLoop();
    }
    copier.finish();
  }
}

/** New parent directories get an octal mode without special bits. A symbolic mode does not apply to them. */
function madeMode(chmod: string | undefined, change: ModeChange | undefined): number {
  return chmod !== undefined && change !== undefined && isOctal(chmod) ? change(0, true) & 0o777 : 0o755;
}

const isOctal = (mode: string) => /^[0-7]+$/.test(mode);

/** The host path of a source's copy: the destination itself for a directory, a path in it or the destination for a file. */
function landingPlace(tree: string, source: ResolvedSource, destination: string, made: DirectoryMetadata): string {
  makeDirectoryInTree(tree, destination.endsWith('/') ? destination : dirname(destination), made);
  const { existing, missing } = resolveInTree(tree, destination);
  const isDirectory = lstatSync(hostPath(existing)).isDirectory();
  if (source.isDirectory) {
    if (!isDirectory) throw new PathConflictError(`cannot copy to non-directory: ${destination}`);
    return makeDirectories(existing, missing, made);
  }
  const name = missing.at(-1);
  if (name !== undefined) return `${makeDirectories(existing, missing.slice(0, -1), made)}/${name}`;
  return isDirectory ? `${existing}/${basename(source.name)}` : existing;
}

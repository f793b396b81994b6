import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { Resources } from '@shale/core';
import { hostPath, readNames } from '@shale/core/archive';
import { openScratchDirectory } from '@shale/core/files';
import { lstatSync } from 'node:fs';
import { copyIntoTree } from '../copy/copy-into-tree.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { below, hostOf } from '../tree/source-tree.ts';
import { literalSource } from '../copy/sources.ts';
import type { BuildContext } from '../graph/context.ts';

/** What of a context RUN may see, on the host. */
export interface VisibleFiles extends AsyncDisposable {
  /**
   * The file or directory at `source`: the context's own, or a copy of root's without what the ignore file leaves out, made
   * once.
   * @throws {SourceMissingError}
   */
  open(context: BuildContext, source: string): Promise<string>;
}

export function visibleFiles({ stateDir, signal }: CallOptions & { readonly stateDir: string }): VisibleFiles {
  const resources = new Resources();
  const copies = new Map<BuildContext, Map<string, Promise<string>>>();
  return {
    async open(context, source) {
      const found = literalSource(context.files, source.replace(/^\/+/, ''));
      if (!found.isDirectory || !hidesSome(context.files, found.path)) return found.host;
      const known = copies.get(context) ?? new Map<string, Promise<string>>();
      copies.set(context, known);
      const copy = known.get(found.path) ?? copyVisible(context.files, found.path);
      known.set(found.path, copy);
      return copy;
    },
    [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose](),
  };

  async function copyVisible(files: SourceTree, path: string): Promise<string> {
    const parent = join(stateDir, 'tmp');
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const scratch = resources.use(await openScratchDirectory(parent));
    const tree = join(scratch.path, 'context');
    await mkdir(tree, { mode: 0o755 });
    const options = { owner: { uid: 0, gid: 0 }, chmod: undefined, exclude: [], signal };
    await copyIntoTree(tree, files, [literalSource(files, path)], '/', options);
    return tree;
  }
}

/** Whether something at or below a directory is left out. */
function hidesSome(tree: SourceTree, directory: string): boolean {
  if (!tree.hidesSome) return false;
  return readNames(hostOf(tree, directory)).some((name) => {
    const path = below(directory, name);
    if (tree.ignores(path)) return true;
    return lstatSync(hostPath(hostOf(tree, path))).isDirectory() && hidesSome(tree, path);
  });
}

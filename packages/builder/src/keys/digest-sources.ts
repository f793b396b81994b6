import type { CopyAction } from '../graph/build-graph.ts';
import type { ContentDigest } from './step-keys.ts';
import { contentDigest } from './content-digest.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { plainTree } from '../tree/source-tree.ts';
import { resolveSources } from '../copy/sources.ts';

/** The digest of what a COPY reads from the tree of a stage or image. */
export function digestSources(root: string, action: CopyAction): ContentDigest {
  return digestCopy(plainTree(root), action, true);
}

export function digestCopy(tree: SourceTree, action: CopyAction, keepOwner: boolean): ContentDigest {
  const { instruction, chmod, sources } = action;
  const parents = instruction.keyword === 'COPY' && instruction.parents;
  return contentDigest(tree, resolveSources(tree, sources, { parents }), {
    keepOwner: keepOwner && action.chown === undefined,
    ignoreMode: chmod !== undefined && /^[0-7]+$/.test(chmod),
    exclude: instruction.exclude,
  });
}

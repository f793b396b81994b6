import { sha256 } from '@shale/core';
import type { CopyAction, StepNode, TreeSource } from '../build-graph.ts';
import type { ContentDigest } from '../step-keys.ts';
import { contentDigest } from './content-digest.ts';
import { digestCopy } from './digest-sources.ts';
import { isRemoteSource } from './remote-source.ts';
import { resolveSources } from './sources.ts';

/** The digest of what a step reads from a build context. */
export function digestContextSource(
  { action }: StepNode,
  { context }: Extract<TreeSource, { type: 'context' }>,
): ContentDigest {
  if (action.type === 'copy') return digestAdded(action, context.files);
  const mounts = action.type === 'run' ? action.mounts : [];
  const paths = mounts.flatMap(({ mount, source }) =>
    source?.type === 'context' && 'source' in mount ? [mount.source] : [],
  );
  const sources = resolveSources(context.files, paths, { parents: false });
  return contentDigest(context.files, sources, { keepOwner: true, ignoreMode: false, exclude: [] });
}

/** URLs and repositories count by name, and by the checksum that is asked for: what is behind them is not read for a key. */
function digestAdded(action: CopyAction, files: Parameters<typeof digestCopy>[0]): ContentDigest {
  const isRemote = action.instruction.keyword === 'ADD' ? isRemoteSource : () => false;
  const remote = action.sources.filter(isRemote);
  const local = { ...action, sources: action.sources.filter((source) => !isRemote(source)) };
  const content = digestCopy(files, local, false);
  if (remote.length === 0) return content;
  return { digest: sha256(JSON.stringify([remote, content.digest])), files: content.files };
}

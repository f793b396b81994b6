import { sha256 } from '@shale/core';
import type { CopyAction, StepNode, TreeSource } from '../graph/build-graph.ts';
import type { BuildContext } from '../graph/context.ts';
import { ContextInvalidError } from '../graph/context.ts';
import type { ContentDigest, ContextDigests } from './step-keys.ts';
import { contentDigest } from './content-digest.ts';
import { digestCopy } from './digest-sources.ts';
import { isRemoteSource } from '../copy/remote-source.ts';
import { remoteKey, type RemoteVersions } from './remote-version.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { resolveSources } from '../copy/sources.ts';

type ContextSource = Extract<TreeSource, { type: 'context' }>;

/**
 * The digest of what a step reads from a build context.
 * @param versions Of remote sources. A source without a version counts by its name alone.
 * @throws {SourceMissingError} @throws {ContextInvalidError} for a file that cannot be read.
 */
export function digestContextSource(
  { action }: StepNode,
  { context }: ContextSource,
  versions: RemoteVersions = new Map(),
): ContentDigest {
  try {
    return action.type === 'copy' ? digestAdded(action, context.files, versions) : digestMounts(action, context.files);
  } catch (error) {
    throw readable(error, context.root);
  }
}

/**
 * The same for all steps of one build. Equal reads of several steps are computed once.
 * @example definitionKeys(steps, contextDigests(await remoteVersions(steps, options)))
 */
export function contextDigests(versions: RemoteVersions = new Map()): ContextDigests {
  const known = new Map<BuildContext, Map<string, ContentDigest>>();
  return (step, source) => {
    const digests = known.get(source.context) ?? new Map<string, ContentDigest>();
    known.set(source.context, digests);
    const key = describeRead(step);
    const digest = digests.get(key) ?? digestContextSource(step, source, versions);
    digests.set(key, digest);
    return digest;
  };
}

/** Everything that the result of `digestContextSource` depends on. */
function describeRead({ action }: StepNode): string {
  if (action.type !== 'copy')
    return JSON.stringify(action.type === 'run' ? action.mounts.map(({ mount }) => mount) : []);
  const { instruction, sources, chmod, checksum } = action;
  const parents = instruction.keyword === 'COPY' && instruction.parents;
  return JSON.stringify([instruction.keyword, parents, instruction.exclude, sources, chmod ?? null, checksum ?? null]);
}

function digestMounts(action: Exclude<StepNode['action'], CopyAction>, files: SourceTree): ContentDigest {
  const mounts = action.type === 'run' ? action.mounts : [];
  const paths = mounts.flatMap(({ mount, source }) =>
    source?.type === 'context' && 'source' in mount ? [mount.source] : [],
  );
  const sources = resolveSources(files, paths, { parents: false });
  return contentDigest(files, sources, { keepOwner: true, ignoreMode: false, exclude: [] });
}

/** URLs and repositories count by name and version. */
function digestAdded(action: CopyAction, files: SourceTree, versions: RemoteVersions): ContentDigest {
  const isRemote = action.instruction.keyword === 'ADD' ? isRemoteSource : () => false;
  const remote = action.sources.filter(isRemote);
  const local = { ...action, sources: action.sources.filter((source) => !isRemote(source)) };
  const content = digestCopy(files, local, false);
  if (remote.length === 0) return content;
  const named = remote.map((source) => [source, versions.get(remoteKey(source, action.checksum)) ?? '']);
  return { digest: sha256(JSON.stringify([named, content.digest])), files: content.files };
}

const UNREADABLE = new Set(['EACCES', 'EPERM', 'EIO', 'ESTALE']);

function readable(error: unknown, root: string): unknown {
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (!UNREADABLE.has(code ?? '')) return error;
  const shown = path?.startsWith(`${root}/`) === true ? path.slice(root.length + 1) : root;
  return new ContextInvalidError(`The build context cannot be read at ${shown}: ${message}`, {
    cause: error,
    hint: 'Make it readable, or exclude it in .dockerignore.',
  });
}

import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Resources } from '@shale/core';
import { noSpace, openScratchDirectory } from '@shale/core/files';
import { isGitSource } from '@shale/git';
import { boundedWarnings } from '../tree/bounded-warnings.ts';
import type { CopyAction } from '../graph/build-graph.ts';
import { openGitContext } from '../context/git-context.ts';
import { isArchiveFile, unpackArchive } from '../copy/archive.ts';
import { copyIntoTree } from '../copy/copy-into-tree.ts';
import { download } from '../copy/download.ts';
import { isUrl } from '../copy/remote-source.ts';
import type { SourceTree } from '../tree/source-tree.ts';
import { plainTree } from '../tree/source-tree.ts';
import type { ResolvedSource } from '../copy/sources.ts';
import { literalSource, resolveSources } from '../copy/sources.ts';
import type { Owner } from '../tree/users.ts';
import { resolveOwner } from '../tree/users.ts';
import { authorizedFetch, gitAuthorization } from '../copy/source-credentials.ts';
import type { StepContext } from './step-context.ts';
import type { StepOptions } from './step-options.ts';

/** The parts of a step's context that COPY and ADD use. */
interface CopyContext extends Pick<StepContext, 'step' | 'tree' | 'view' | 'signal'> {
  readonly options: Omit<StepOptions, 'stateDir'>;
}

const ROOT: Owner = { uid: 0, gid: 0 };

/** COPY and ADD: each source in order, so that later ones overwrite; here-documents come last. */
export async function copyStep(action: CopyAction, context: CopyContext): Promise<void> {
  try {
    await using work = await openCopyWork(action, context);
    if (action.instruction.keyword === 'COPY') await copySources(work);
    else for (const source of action.sources) await addSource(source, work);
    await copyInline(work);
  } catch (error) {
    await noSpace(context.tree)(error);
  }
}

/** What all parts of one COPY or ADD share. */
interface CopyWork extends AsyncDisposable {
  readonly action: CopyAction;
  readonly context: CopyContext;
  /** The context or stage that plain sources are in. */
  readonly from: SourceTree;
  /** `--chown`. */
  readonly owner: Owner | undefined;
  readonly scratch: string;
  /** What could not be kept of a file. */
  readonly onWarning: (message: string) => void;
}

async function openCopyWork(action: CopyAction, context: CopyContext): Promise<CopyWork> {
  await using resources = new Resources();
  const scratch = resources.use(await openScratchDirectory());
  const owner = action.chown === undefined ? undefined : resolveOwner(context.tree, action.chown);
  const { step, options } = context;
  const reporting = { onProgress: options.onProgress, place: step.info.place };
  const { warn: onWarning } = resources.use(boundedWarnings('copy-incomplete', reporting));
  const work = { action, context, owner, scratch: scratch.path, onWarning };
  const { from } = action;
  const tree =
    from.type === 'context' ? from.context.files : plainTree(resources.use(await context.view(from.node)).path);
  const kept = resources.move();
  return { ...work, from: tree, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

async function copySources(work: CopyWork): Promise<void> {
  const { action, from, owner } = work;
  const parents = action.instruction.keyword === 'COPY' && action.instruction.parents;
  const isContext = action.from.type === 'context';
  const sources = resolveSources(from, action.sources, { parents });
  await place(work, from, sources, owner ?? (isContext ? ROOT : undefined));
}

/** Files of mode 0644 from the epoch, each by the name of its delimiter. */
async function copyInline(work: CopyWork): Promise<void> {
  const { action, owner, scratch } = work;
  for (const [index, { name, content }] of action.inline.entries()) {
    const directory = join(scratch, String(index));
    const path = join(directory, name.replaceAll('/', '_'));
    mkdirSync(directory);
    writeFileSync(path, content);
    chmodSync(path, 0o644);
    utimesSync(path, 0, 0);
    const from = plainTree(directory);
    await place(work, from, [literalSource(from, name.replaceAll('/', '_'))], owner ?? ROOT);
  }
}

async function place(
  { action, context, onWarning }: CopyWork,
  from: SourceTree,
  sources: readonly ResolvedSource[],
  owner: Owner | undefined,
): Promise<void> {
  const { chmod, destination, instruction } = action;
  const options = { owner, chmod, exclude: instruction.exclude, onWarning, signal: context.signal };
  await copyIntoTree(context.tree, from, sources, destination, options);
}

async function addSource(source: string, work: CopyWork): Promise<void> {
  if (isGitSource(source)) return addGit(source, work);
  if (isUrl(source)) return addUrl(source, work);
  const { action, from } = work;
  const unpack = action.instruction.keyword === 'ADD' ? action.instruction.unpack : undefined;
  for (const found of resolveSources(from, [source], { parents: false }))
    await placeOrUnpack(work, from, found, unpack ?? true);
  return undefined;
}

async function addUrl(url: string, work: CopyWork): Promise<void> {
  const { action, context, scratch } = work;
  const { directory, name } = await download(url, scratch, {
    fetchUrl: authorizedFetch(context.options.fetchUrl, context.options.secrets),
    checksum: action.checksum,
    signal: context.signal,
  });
  const from = plainTree(directory);
  const unpack = action.instruction.keyword === 'ADD' && action.instruction.unpack === true;
  await placeOrUnpack(work, from, literalSource(from, name), unpack);
}

async function placeOrUnpack(
  work: CopyWork,
  from: SourceTree,
  found: ResolvedSource,
  mayUnpack: boolean,
): Promise<void> {
  const { action, context, owner, onWarning } = work;
  if (!mayUnpack || found.isDirectory || !(await isArchiveFile(found.host)))
    return place(work, from, [found], owner ?? ROOT);
  return unpackArchive(found.host, context.tree, action.destination, { owner, onWarning, signal: context.signal });
}

async function addGit(url: string, work: CopyWork): Promise<void> {
  const { action, context, owner } = work;
  await using repository = await openGitContext(url, {
    signal: context.signal,
    environment: context.options.gitEnvironment,
    authorization: await gitAuthorization(url, context.options.secrets),
    keepGitDirectory: action.instruction.keyword === 'ADD' && action.instruction.keepGitDir === true,
    checksum: action.checksum,
  });
  await place(work, repository.files, [literalSource(repository.files, '')], owner ?? ROOT);
}

import { chmodSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core';
import { parseChmod } from '@shale/dockerfile-parser';
import type { CopyAction } from '../build-graph.ts';
import {
  isArchive,
  download,
  isGitSource,
  isRemoteSource,
  nameDownload,
  unpackInto,
  urlFileName,
} from '../copy/add.ts';
import { copyIntoTree } from '../copy/copy-tree.ts';
import type { SourceTree } from '../copy/source-tree.ts';
import { plainTree } from '../copy/source-tree.ts';
import type { ResolvedSource } from '../copy/sources.ts';
import { resolveSources } from '../copy/sources.ts';
import { openGitContext } from '../context/git-context.ts';
import { resolveOwner } from '../users.ts';
import type { StepContext } from './step-context.ts';

type Owner = { readonly uid: number; readonly gid: number };

const ROOT: Owner = { uid: 0, gid: 0 };

/** COPY and ADD: each source in order, so that later ones overwrite. */
export async function copyStep(action: CopyAction, context: StepContext): Promise<void> {
  const { tree } = context;
  const given = action.chown === undefined ? undefined : resolveOwner(tree, action.chown);
  await using scratch = await openScratchDirectory();
  if (action.inline.length > 0) copyInline(action, tree, scratch.path, given ?? ROOT);
  if (action.sources.length === 0) return;
  await using view = action.from.type === 'node' ? await context.view(action.from.node) : undefined;
  const from = action.from.type === 'context' ? action.from.context.files : plainTree(view?.path ?? '');
  const owner = given ?? (action.from.type === 'context' ? ROOT : undefined);
  if (action.instruction.keyword === 'COPY') return copyFrom(action, tree, from, owner);
  for (const source of action.sources)
    await addSource(source, action, { context, from, owner, given, scratch: scratch.path });
}

function copyFrom(action: CopyAction, tree: string, from: SourceTree, owner: Owner | undefined): void {
  const { instruction, sources, destination } = action;
  const parents = instruction.keyword === 'COPY' && instruction.parents;
  place(action, tree, from, resolveSources(from, sources, { parents }), destination, owner);
}

function place(
  { instruction, chmod }: CopyAction,
  tree: string,
  from: SourceTree,
  sources: readonly ResolvedSource[],
  destination: string,
  owner: Owner | undefined,
): void {
  const change = chmod === undefined ? undefined : parseChmod(chmod);
  copyIntoTree(tree, from, sources, destination, { owner, chmod: change, exclude: instruction.exclude });
}

/** Here-documents are files of mode 0644 from the epoch. */
function copyInline(action: CopyAction, tree: string, scratch: string, owner: Owner): void {
  for (const { name, content } of action.inline) {
    const path = join(scratch, name.replaceAll('/', '_'));
    writeFileSync(path, content);
    chmodSync(path, 0o644);
    utimesSync(path, 0, 0);
    const from = plainTree(scratch);
    place(
      action,
      tree,
      from,
      resolveSources(from, [name.replaceAll('/', '_')], { parents: false }),
      action.destination,
      owner,
    );
  }
}

interface AddContext {
  readonly context: StepContext;
  readonly from: SourceTree;
  readonly owner: Owner | undefined;
  readonly given: Owner | undefined;
  readonly scratch: string;
}

async function addSource(source: string, action: CopyAction, add: AddContext): Promise<void> {
  if (isGitSource(source)) return addGit(source, action, add);
  if (isRemoteSource(source)) return addUrl(source, action, add);
  for (const found of resolveSources(add.from, [source], { parents: false }))
    await addLocal(found, add.from, action, add);
}

async function addLocal(
  found: ResolvedSource,
  from: SourceTree,
  action: CopyAction,
  { context, owner, given }: AddContext,
): Promise<void> {
  const unpack = action.instruction.keyword === 'ADD' ? action.instruction.unpack : undefined;
  const unpacks = !found.isDirectory && unpack !== false && (await isArchive(found.host));
  if (!unpacks) return place(action, context.tree, from, [found], action.destination, owner);
  return unpackInto(context.tree, action.destination, found.host, { owner: given, signal: context.signal });
}

async function addUrl(url: string, action: CopyAction, add: AddContext): Promise<void> {
  const { context, scratch } = add;
  const { path, modified } = await download(url, scratch, {
    fetchUrl: context.options.fetchUrl,
    checksum: action.checksum,
    signal: context.signal,
  });
  utimesSync(path, modified, modified);
  const named = await nameDownload(path, urlFileName(url));
  const from = plainTree(scratch);
  const [found] = resolveSources(from, [urlFileName(url)], { parents: false });
  if (found === undefined) throw new Error(`the download ${named} is gone`);
  const unpack = action.instruction.keyword === 'ADD' && action.instruction.unpack === true;
  if (unpack) await addLocal(found, from, action, { ...add, from, owner: add.given ?? ROOT });
  else place(action, context.tree, from, [found], action.destination, add.given ?? ROOT);
}

async function addGit(url: string, action: CopyAction, { context, given }: AddContext): Promise<void> {
  const keepGitDirectory = action.instruction.keyword === 'ADD' && action.instruction.keepGitDir === true;
  await using repository = await openGitContext(url, {
    signal: context.signal,
    keepGitDirectory,
    checksum: action.checksum,
  });
  place(
    action,
    context.tree,
    repository.files,
    resolveSources(repository.files, ['.'], { parents: false }),
    action.destination,
    given ?? ROOT,
  );
}

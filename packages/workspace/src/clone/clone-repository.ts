import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { type GitAccess, GitFailedError, type GitProgram, type GitSession, openGitSession } from '@shale/git';
import { parseRemoteReferences, type RemoteReferences, type ResolvedReference, resolveReference } from './reference.ts';
import type { RepositoryAddress } from './repository-address.ts';

export interface CloneOptions extends CallOptions {
  readonly address: RepositoryAddress;
  /** Made when missing; what is in it stays, but for files that the repository has as well. */
  readonly directory: string;
  readonly git: GitProgram;
  readonly access: GitAccess;
  /** For keys and certificates, while git runs. */
  readonly privateDir: string;
  /** How many commits; `0` is all. @default 0 */
  readonly depth?: number | undefined;
  /** @default false */
  readonly singleBranch?: boolean | undefined;
  /** How many levels of submodules. @default 0 */
  readonly submodules?: number | undefined;
  /** A line of git's progress. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** A host key that was accepted unseen. */
  readonly onHostKey?: ((key: string) => void) | undefined;
}

/** In the directory: moved into place when it is whole, so that a clone that was cut short is begun again. */
const UNFINISHED = '.envbuilder-clone';

/**
 * Clones a repository, unless there is one. Credentials are in memory, and in files that are gone when this resolves.
 * @returns whether it was cloned; `false` where a repository was there already, which is left as it is
 * @throws {GitFailedError}
 */
export async function cloneRepository(options: CloneOptions): Promise<boolean> {
  const { directory, address, access, privateDir, onHostKey = () => {} } = options;
  mkdirSync(directory, { recursive: true });
  if (existsSync(join(directory, '.git'))) return false;
  const unfinished = join(directory, UNFINISHED);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  try {
    const { git: program, onLine, signal } = options;
    using session = openGitSession(address, { program, access, privateDir });
    try {
      await fetchAndCheckOut(options, { session, cwd: unfinished, onLine, signal });
    } finally {
      session.newHostKeys().forEach(onHostKey);
    }
    moveInto(unfinished, directory);
    return true;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** A session, and where it works. */
interface Work extends CallOptions {
  readonly session: GitSession;
  readonly cwd: string;
  readonly onLine: ((line: string) => void) | undefined;
}

const local = (args: readonly string[], work: Work) => work.session.local(args, work);
const remote = (args: readonly string[], work: Work) => work.session.remote(args, work);

async function fetchAndCheckOut(options: CloneOptions, work: Work): Promise<void> {
  const { address, submodules = 0 } = options;
  const references = parseRemoteReferences(await remote(['ls-remote', '--symref', '--', address.url], work));
  const wanted = resolveReference(references, address.ref);
  await local(['init', '--quiet'], work);
  const only = options.singleBranch === true && wanted?.type === 'branch' ? ['-t', wanted.name] : [];
  await local(['remote', 'add', ...only, 'origin', address.url], work);
  if (wanted === undefined) return; // an empty repository: nothing to check out
  await fetchReferences(wanted, options, work);
  await setRemoteHead(references, options, work);
  await checkOut(wanted, work);
  if (submodules > 0) await updateSubmodules(options, work, submodules);
}

async function fetchReferences(wanted: ResolvedReference, options: CloneOptions, work: Work): Promise<void> {
  const { depth = 0, singleBranch = false } = options;
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  const branches =
    wanted.type === 'branch' && singleBranch ? [branchSpec(wanted.name)] : ['+refs/heads/*:refs/remotes/origin/*'];
  const fetch = (specs: readonly string[]) =>
    remote(['fetch', '--progress', '--force', '--update-head-ok', ...shallow, 'origin', ...specs], work);
  if (wanted.type === 'branch') return void (await fetch(branches));
  const own = wanted.type === 'other' ? [wanted.name] : [`+${wanted.name}:${wanted.name}`];
  const specs = singleBranch ? own : [...own, ...branches]; // the first is what FETCH_HEAD names
  try {
    await fetch(specs);
  } catch (error) {
    if (wanted.type !== 'other' || options.signal?.aborted === true) throw error;
    await remote(
      ['fetch', '--progress', 'origin', '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'],
      work,
    );
  }
}

const branchSpec = (name: string) => `+refs/heads/${name}:refs/remotes/origin/${name}`;

async function setRemoteHead(references: RemoteReferences, options: CloneOptions, work: Work): Promise<void> {
  const branch = references.defaultBranch;
  if (branch === undefined || options.singleBranch === true) return;
  await local(['symbolic-ref', 'refs/remotes/origin/HEAD', `refs/remotes/origin/${branch}`], work);
}

async function checkOut(wanted: ResolvedReference, work: Work): Promise<void> {
  if (wanted.type === 'branch') {
    await local(
      ['checkout', '--progress', '--force', '-B', wanted.name, '--track', `refs/remotes/origin/${wanted.name}`, '--'],
      work,
    );
    return;
  }
  const commit = wanted.type === 'tag' ? wanted.name : await fetchedCommit(wanted.name, work);
  await local(['checkout', '--progress', '--force', '--detach', commit, '--'], work);
}

/** A commit by its whole name, by a part of it, or what was fetched last. */
async function fetchedCommit(name: string, work: Work): Promise<string> {
  const candidates = /^[0-9a-f]{4,64}$/i.test(name) ? [`${name}^{commit}`] : ['FETCH_HEAD^{commit}'];
  for (const candidate of candidates) {
    const found = await local(['rev-parse', '--verify', '--quiet', candidate], work).catch(() => '');
    if (found.trim() !== '') return found.trim();
  }
  throw new GitFailedError(`couldn't find remote ref ${JSON.stringify(name)}`, {
    hint: 'Write #branch, #tag, #commit, #pull/N/head or a full ref after the URL.',
  });
}

/** Level by level: git has no depth for submodules of submodules. */
async function updateSubmodules(options: CloneOptions, work: Work, levels: number): Promise<void> {
  const { depth = 0 } = options;
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  const update = async (directory: string, level: number): Promise<void> => {
    const inside = { ...work, cwd: directory };
    const paths = await submodulePaths(inside);
    if (paths.length === 0) return;
    await remote(['submodule', 'update', '--init', '--force', ...shallow], inside);
    if (level >= levels) return;
    for (const path of paths) await update(join(directory, path), level + 1);
  };
  await update(work.cwd, 1);
}

async function submodulePaths(work: Work): Promise<readonly string[]> {
  if (!existsSync(join(work.cwd, '.gitmodules'))) return [];
  const staged = await local(['ls-files', '--stage', '-z'], work);
  return staged
    .split('\0')
    .flatMap((entry) => (entry.startsWith('160000 ') ? [entry.slice(entry.indexOf('\t') + 1)] : []));
}

/** Moves each entry, the repository itself last: until then there is none. */
function moveInto(from: string, to: string): void {
  const names = readdirSync(from).filter((name) => name !== '.git');
  for (const name of names) moveEntry(join(from, name), join(to, name));
  renameSync(join(from, '.git'), join(to, '.git'));
}

function moveEntry(from: string, to: string): void {
  const there = lstatSync(to, { throwIfNoEntry: false });
  if (there?.isDirectory() === true && lstatSync(from).isDirectory()) {
    for (const name of readdirSync(from)) moveEntry(join(from, name), join(to, name));
    rmdirSync(from);
    return;
  }
  if (there !== undefined) rmSync(to, { recursive: true, force: true });
  renameSync(from, to);
}

import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { CloneFailedError } from './git-error.ts';
import { type GitProgram, runGit, type RunGitOptions } from './git-program.ts';
import { type GitAccess, openGitSession } from './git-session.ts';
import { parseRemoteReferences, type RemoteReferences, resolveReference, type ResolvedReference } from './reference.ts';
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
 * @throws {CloneFailedError}
 */
export async function cloneRepository(options: CloneOptions): Promise<boolean> {
  const { directory, address, access, privateDir, onHostKey = () => {} } = options;
  mkdirSync(directory, { recursive: true });
  if (existsSync(join(directory, '.git'))) return false;
  const unfinished = join(directory, UNFINISHED);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  try {
    using session = openGitSession(address, access, privateDir);
    const { git, onLine, signal } = options;
    const call = { cwd: unfinished, git, settings: session.settings, env: session.env, onLine, signal };
    try {
      await fetchAndCheckOut(options, call);
    } finally {
      session.newHostKeys().forEach(onHostKey);
    }
    moveInto(unfinished, directory);
    return true;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function fetchAndCheckOut(options: CloneOptions, call: RunGitOptions): Promise<void> {
  const { address, submodules = 0 } = options;
  const references = parseRemoteReferences(await runGit(['ls-remote', '--symref', '--', address.url], call));
  const wanted = resolveReference(references, address.ref);
  await runGit(['init', '--quiet'], call);
  const only = options.singleBranch === true && wanted?.type === 'branch' ? ['-t', wanted.name] : [];
  await runGit(['remote', 'add', ...only, 'origin', address.url], call);
  if (wanted === undefined) return; // an empty repository: nothing to check out
  await fetchReferences(wanted, options, call);
  await setRemoteHead(references, options, call);
  await checkOut(wanted, call);
  if (submodules > 0) await updateSubmodules(options, call, submodules);
}

async function fetchReferences(wanted: ResolvedReference, options: CloneOptions, call: RunGitOptions): Promise<void> {
  const { depth = 0, singleBranch = false } = options;
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  const branches =
    wanted.type === 'branch' && singleBranch ? [branchSpec(wanted.name)] : ['+refs/heads/*:refs/remotes/origin/*'];
  const fetch = (specs: readonly string[]) =>
    runGit(['fetch', '--progress', '--force', '--update-head-ok', ...shallow, 'origin', ...specs], call);
  if (wanted.type === 'branch') return void (await fetch(branches));
  const own = wanted.type === 'other' ? [wanted.name] : [`+${wanted.name}:${wanted.name}`];
  const specs = singleBranch ? own : [...own, ...branches]; // the first is what FETCH_HEAD names
  try {
    await fetch(specs);
  } catch (error) {
    if (wanted.type !== 'other' || options.signal?.aborted === true) throw error;
    await runGit(
      ['fetch', '--progress', 'origin', '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'],
      call,
    );
  }
}

const branchSpec = (name: string) => `+refs/heads/${name}:refs/remotes/origin/${name}`;

async function setRemoteHead(references: RemoteReferences, options: CloneOptions, call: RunGitOptions): Promise<void> {
  const branch = references.defaultBranch;
  if (branch === undefined || options.singleBranch === true) return;
  await runGit(['symbolic-ref', 'refs/remotes/origin/HEAD', `refs/remotes/origin/${branch}`], call);
}

async function checkOut(wanted: ResolvedReference, call: RunGitOptions): Promise<void> {
  if (wanted.type === 'branch') {
    await runGit(
      ['checkout', '--progress', '--force', '-B', wanted.name, '--track', `refs/remotes/origin/${wanted.name}`, '--'],
      call,
    );
    return;
  }
  const commit = wanted.type === 'tag' ? wanted.name : await fetchedCommit(wanted.name, call);
  await runGit(['checkout', '--progress', '--force', '--detach', commit, '--'], call);
}

/** A commit by its whole name, by a part of it, or what was fetched last. */
async function fetchedCommit(name: string, call: RunGitOptions): Promise<string> {
  const candidates = /^[0-9a-f]{4,64}$/i.test(name) ? [`${name}^{commit}`] : ['FETCH_HEAD^{commit}'];
  for (const candidate of candidates) {
    const found = await runGit(['rev-parse', '--verify', '--quiet', candidate], call).catch(() => '');
    if (found.trim() !== '') return found.trim();
  }
  throw new CloneFailedError(`couldn't find remote ref ${JSON.stringify(name)}`, {
    hint: 'Write #branch, #tag, #commit, #pull/N/head or a full ref after the URL.',
  });
}

/** Level by level: git has no depth for submodules of submodules. */
async function updateSubmodules(options: CloneOptions, call: RunGitOptions, levels: number): Promise<void> {
  const { depth = 0 } = options;
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  const local = options.address.transport === 'file' ? [['protocol.file.allow', 'always'] as const] : [];
  const settings = [...call.settings, ...local];
  const update = async (directory: string, level: number): Promise<void> => {
    const inside = { ...call, cwd: directory, settings };
    const paths = await submodulePaths(inside);
    if (paths.length === 0) return;
    await runGit(['submodule', 'update', '--init', '--force', ...shallow], inside);
    if (level >= levels) return;
    for (const path of paths) await update(join(directory, path), level + 1);
  };
  await update(call.cwd, 1);
}

async function submodulePaths(call: RunGitOptions): Promise<readonly string[]> {
  if (!existsSync(join(call.cwd, '.gitmodules'))) return [];
  const staged = await runGit(['ls-files', '--stage', '-z'], call);
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

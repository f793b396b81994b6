import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CallOptions } from '@shale/core';
import { type GitAccess, GitFailedError, type GitProgram, openGitSession } from '@shale/git';
import type { CloneWork } from './clone-work.ts';
import { type FetchOptions, fetchReference } from './fetch-reference.ts';
import { moveInto } from './move-into.ts';
import type { RepositoryAddress } from './repository-address.ts';
import { updateSubmodules } from './update-submodules.ts';

export interface CloneOptions extends CallOptions {
  readonly address: RepositoryAddress;
  /** Made when missing; what is in it stays, but for files that the repository has as well. */
  readonly directory: string;
  readonly git: GitProgram;
  readonly access: GitAccess;
  /** For keys and certificates, while git runs. */
  readonly privateDir: string;
  /** How many commits; `0` is all. A server that cannot send a part sends all of them. @default 0 */
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
  const { directory, address, access, privateDir, git: program, onLine, onHostKey = () => {}, signal } = options;
  const { depth = 0, singleBranch = false, submodules: levels = 0 } = options;
  if (existsSync(join(directory, '.git'))) return false;
  const unfinished = join(directory, UNFINISHED);
  try {
    using session = openGitSession(address, { program, access, privateDir });
    const work = { session, cwd: unfinished, onLine, signal };
    try {
      await cloneToDepth(address, work, { depth, singleBranch });
      if (levels > 0) await updateSubmodules(work, { levels, depth });
    } finally {
      session.newHostKeys().forEach(onHostKey);
    }
    moveInto(unfinished, directory);
    return true;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** A server that cannot send a part of the history is asked for all of it. */
async function cloneToDepth(address: RepositoryAddress, work: CloneWork, options: FetchOptions): Promise<void> {
  try {
    await cloneReference(address, work, options);
  } catch (error) {
    if (!(error instanceof GitFailedError) || error.reason !== 'shallow-unsupported' || options.depth === 0)
      throw error;
    work.onLine?.('The server has no shallow clones: all of the history is fetched');
    await cloneReference(address, work, { ...options, depth: 0 });
  }
}

async function cloneReference(address: RepositoryAddress, work: CloneWork, options: FetchOptions): Promise<void> {
  makeEmpty(work.cwd);
  if (await cloneAtOnce(address, work, options)) return;
  makeEmpty(work.cwd);
  await fetchReference(address, work, options);
}

function makeEmpty(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
}

/** One git for all of it, for the default branch or a branch or tag. @returns `false` for what only `fetchReference` can */
async function cloneAtOnce({ url, ref }: RepositoryAddress, work: CloneWork, options: FetchOptions): Promise<boolean> {
  const name = ref === 'HEAD' ? undefined : ref?.replace(/^refs\/heads\//, '');
  if (name !== undefined && !isPlainName(name)) return false;
  const shallow = options.depth > 0 ? [`--depth=${options.depth}`] : [];
  const extent = [...shallow, options.singleBranch ? '--single-branch' : '--no-single-branch'];
  const branch = name === undefined ? [] : [`--branch=${name}`];
  try {
    await work.session.remote(['clone', '--progress', '--no-local', ...extent, ...branch, '--', url, '.'], work);
  } catch (error) {
    if (error instanceof GitFailedError && error.reason === 'reference-missing') return false;
    throw error;
  }
  return isOnBranch(work.cwd) || (name === undefined ? isDetached(work.cwd) : name === ref);
}

/** Whether it can be a branch or tag alone: not a commit, no full name of anything else, and nothing that git refuses. */
function isPlainName(name: string): boolean {
  return !/^(?:-|refs\/|[0-9a-f]{7,64}$)|[\s\p{Cc}~^:?*[\\]|\.\.|@\{/iu.test(name);
}

const headOf = (repository: string) => readFileSync(join(repository, '.git/HEAD'), 'utf8').trim();
const isDetached = (repository: string) => !headOf(repository).startsWith('ref: ');

/** Whether the branch of HEAD is there. An empty repository's is not, nor one that its server does not have. */
function isOnBranch(repository: string): boolean {
  const head = headOf(repository);
  return head.startsWith('ref: ') && existsSync(join(repository, '.git', head.slice('ref: '.length)));
}

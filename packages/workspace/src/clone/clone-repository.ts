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
  /** Made if missing. Its files stay, unless the repository has files of the same name. */
  readonly directory: string;
  readonly git: GitProgram;
  readonly access: GitAccess;
  /** For keys and certificates while git runs. */
  readonly privateDir: string;
  /** How many commits; `0` means all. A server that cannot send a part of the history sends all of it. @default 0 */
  readonly depth?: number | undefined;
  /** @default false */
  readonly singleBranch?: boolean | undefined;
  /** How many levels of submodules. @default 0 */
  readonly submodules?: number | undefined;
  /** Called for each line of git's progress. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Called for each host key that was accepted without a check. */
  readonly onHostKey?: ((key: string) => void) | undefined;
}

/** A folder in the directory. Its content moves up when the clone is complete, so an interrupted clone starts again. */
const UNFINISHED = '.envbuilder-clone';

/**
 * Clones a repository, unless the directory has one. Files with keys are gone when this resolves.
 * @returns `false` if the directory has a repository, which stays as it is
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

/** Asks for all of the history if the server cannot send a part of it. */
async function cloneToDepth(address: RepositoryAddress, work: CloneWork, options: FetchOptions): Promise<void> {
  try {
    await cloneReference(address, work, options);
  } catch (error) {
    if (!(error instanceof GitFailedError) || error.reason !== 'shallow-unsupported' || options.depth === 0)
      throw error;
    work.onLine?.('The server supports no shallow clones: fetching the whole history');
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

/** Clones the default branch, a branch or a tag with one git. @returns `false` for refs that only `fetchReference` can fetch */
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

/** Whether a name can only be a branch or tag: not a commit, not a full ref, and nothing that git refuses. */
function isPlainName(name: string): boolean {
  return !/^(?:-|refs\/|[0-9a-f]{7,64}$)|[\s\p{Cc}~^:?*[\\]|\.\.|@\{/iu.test(name);
}

const headOf = (repository: string) => readFileSync(join(repository, '.git/HEAD'), 'utf8').trim();
const isDetached = (repository: string) => !headOf(repository).startsWith('ref: ');

/** Whether HEAD names a branch that exists. In an empty repository it does not. */
function isOnBranch(repository: string): boolean {
  const head = headOf(repository);
  return head.startsWith('ref: ') && existsSync(join(repository, '.git', head.slice('ref: '.length)));
}

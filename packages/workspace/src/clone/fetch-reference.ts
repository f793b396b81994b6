import { GitFailedError } from '@shale/git';
import type { CloneWork } from './clone-work.ts';
import {
  parseRemoteReferences,
  referenceMissing,
  type RemoteReferences,
  type ResolvedReference,
  resolveReference,
} from './reference.ts';
import type { RepositoryAddress } from './repository-address.ts';

export interface FetchOptions {
  /** How many commits; `0` means all. */
  readonly depth: number;
  readonly singleBranch: boolean;
}

/** Clones any ref, such as a commit or a pull request. It asks the server twice. */
export async function fetchReference(
  { url, ref }: RepositoryAddress,
  work: CloneWork,
  options: FetchOptions,
): Promise<void> {
  const { session } = work;
  const references = parseRemoteReferences(await session.remote(['ls-remote', '--symref', '--', url], work));
  const wanted = resolveReference(references, ref);
  await session.local(['init', '--quiet'], work);
  const only = options.singleBranch && wanted?.type === 'branch' ? ['-t', wanted.name] : [];
  await session.local(['remote', 'add', ...only, 'origin', url], work);
  if (wanted === undefined) return; // an empty repository: nothing to check out
  await fetchWanted(wanted, work, options);
  await setRemoteHead(references, work, options);
  await checkOut(wanted, work);
}

async function fetchWanted(wanted: ResolvedReference, work: CloneWork, options: FetchOptions): Promise<void> {
  const { depth, singleBranch } = options;
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  const all = '+refs/heads/*:refs/remotes/origin/*';
  const branches = wanted.type === 'branch' && singleBranch ? [branchSpec(wanted.name)] : [all];
  const fetch = async (specs: readonly string[]) => {
    await work.session.remote(
      ['fetch', '--progress', '--force', '--update-head-ok', ...shallow, 'origin', ...specs],
      work,
    );
  };
  if (wanted.type === 'branch') return fetch(branches);
  const own = wanted.type === 'other' ? [wanted.name] : [`+${wanted.name}:${wanted.name}`];
  const specs = singleBranch ? own : [...own, ...branches]; // FETCH_HEAD names the first
  try {
    await fetch(specs);
  } catch (error) {
    const isShallow = error instanceof GitFailedError && error.reason === 'shallow-unsupported';
    if (wanted.type !== 'other' || isShallow || work.signal?.aborted === true) throw error;
    await work.session.remote(['fetch', '--progress', 'origin', all, '+refs/tags/*:refs/tags/*'], work);
  }
}

const branchSpec = (name: string) => `+refs/heads/${name}:refs/remotes/origin/${name}`;

async function setRemoteHead(references: RemoteReferences, work: CloneWork, options: FetchOptions): Promise<void> {
  const branch = references.defaultBranch;
  if (branch === undefined || options.singleBranch) return;
  await work.session.local(['symbolic-ref', 'refs/remotes/origin/HEAD', `refs/remotes/origin/${branch}`], work);
}

async function checkOut(wanted: ResolvedReference, work: CloneWork): Promise<void> {
  const checkout = ['checkout', '--progress', '--force'];
  if (wanted.type === 'branch') {
    const tracked = ['-B', wanted.name, '--track', `refs/remotes/origin/${wanted.name}`];
    await work.session.local([...checkout, ...tracked, '--'], work);
    return;
  }
  const commit = wanted.type === 'tag' ? wanted.name : await fetchedCommit(wanted.name, work);
  await work.session.local([...checkout, '--detach', commit, '--'], work);
}

/** The commit of a full or abbreviated name, else the commit that was fetched last. */
async function fetchedCommit(name: string, work: CloneWork): Promise<string> {
  const candidate = /^[0-9a-f]{4,64}$/i.test(name) ? `${name}^{commit}` : 'FETCH_HEAD^{commit}';
  const found = await work.session.local(['rev-parse', '--verify', '--quiet', candidate], work).catch(() => '');
  if (found.trim() === '') throw referenceMissing(name);
  return found.trim();
}

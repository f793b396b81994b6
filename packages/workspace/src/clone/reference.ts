import { GitFailedError } from '@shale/git';

/** The refs of a remote repository. */
export interface RemoteReferences {
  /** The branch that HEAD names; `undefined` in an empty repository. */
  readonly defaultBranch: string | undefined;
  /** The commit of its HEAD. */
  readonly head: string | undefined;
  readonly names: ReadonlySet<string>;
}

/** A branch; the full name of a tag; or a commit or other ref. */
export interface ResolvedReference {
  readonly type: 'branch' | 'tag' | 'other';
  readonly name: string;
}

/** Reads the output of `git ls-remote --symref`. */
export function parseRemoteReferences(text: string): RemoteReferences {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const symbolic = lines.find(([value, name]) => name === 'HEAD' && value?.startsWith('ref: refs/heads/'));
  const names = lines.flatMap(([, name]) => (name === undefined || name.endsWith('^{}') ? [] : [name]));
  const head = lines.find(([value, name]) => name === 'HEAD' && /^[0-9a-f]{40,64}$/.test(value ?? ''))?.[0];
  return { defaultBranch: symbolic?.[0]?.slice('ref: refs/heads/'.length), head, names: new Set(names) };
}

/**
 * Finds what `#ref` names: a full ref, else a branch, a tag, a commit, or a ref below `refs/` such as `pull/7/head`. Without
 * a ref it is the default branch.
 * @returns `undefined` for an empty repository
 * @throws {GitFailedError} for a ref that the repository does not have
 */
export function resolveReference(remote: RemoteReferences, ref: string | undefined): ResolvedReference | undefined {
  if (ref === undefined || ref === 'HEAD') return defaultReference(remote);
  if (ref.startsWith('-') || /[\s\p{Cc}~^:?*[\\]/u.test(ref) || ref.includes('..')) throw referenceMissing(ref);
  const branch = ref.replace(/^refs\/heads\//, '');
  if (remote.names.has(`refs/heads/${branch}`) && !ref.startsWith('refs/tags/'))
    return { type: 'branch', name: branch };
  const tag = `refs/tags/${ref.replace(/^refs\/tags\//, '')}`;
  if (remote.names.has(tag) && !ref.startsWith('refs/heads/')) return { type: 'tag', name: tag };
  if (/^[0-9a-f]{7,64}$/i.test(ref)) return { type: 'other', name: ref };
  const full = ref.startsWith('refs/') ? ref : `refs/${ref}`;
  if (remote.names.has(full)) return { type: 'other', name: full };
  // servers hide some refs that they serve, such as GitLab's refs/keep-around
  if (ref.startsWith('refs/') && !/^refs\/(?:heads|tags)\//.test(ref)) return { type: 'other', name: ref };
  throw referenceMissing(ref);
}

function defaultReference({ defaultBranch, head, names }: RemoteReferences): ResolvedReference | undefined {
  if (defaultBranch !== undefined && names.has(`refs/heads/${defaultBranch}`))
    return { type: 'branch', name: defaultBranch };
  if (head !== undefined) return { type: 'other', name: head };
  const [first] = [...names].filter((name) => name.startsWith('refs/heads/'));
  return first === undefined ? undefined : { type: 'branch', name: first.slice('refs/heads/'.length) };
}

export function referenceMissing(ref: string): GitFailedError {
  return new GitFailedError(`couldn't find remote ref ${JSON.stringify(ref)}`, {
    hint: 'Write #branch, #tag, #commit, #pull/N/head or a full ref after the URL.',
  });
}

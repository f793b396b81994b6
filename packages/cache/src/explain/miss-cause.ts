import type { UntrustedReason } from '../contract/cache-event.ts';

export type Change = 'added' | 'removed' | 'changed';

/** Why a step was not in the cache. */
export type MissCause =
  /** The build was told not to use the cache for this step. */
  | { readonly type: 'bypassed' }
  /** The Dockerfile had no such instruction before. */
  | { readonly type: 'new-step' }
  /** No earlier build of this step is known. */
  | { readonly type: 'first-build' }
  | { readonly type: 'platform' }
  | { readonly type: 'base-image' }
  /** The command or the arguments of the instruction changed. */
  | { readonly type: 'instruction' }
  | { readonly type: 'heredoc'; readonly name: string; readonly change: Change }
  /** `name` is for example `chown`, `network`, `user` or `workdir`. */
  | { readonly type: 'option'; readonly name: string; readonly change: Change }
  | { readonly type: 'mount'; readonly target: string; readonly change: Change }
  | { readonly type: 'variable'; readonly kind: 'ARG' | 'ENV'; readonly name: string; readonly change: Change }
  /** `how` is set when the content did not change. */
  | { readonly type: 'file'; readonly path: string; readonly change: Change; readonly how?: 'mode' }
  /** Something below the directory changed: there were too many files to record each. */
  | { readonly type: 'directory'; readonly path: string; readonly change: Change }
  /** The copied content changed, and no recorded file differs. */
  | { readonly type: 'content' }
  /** A step changed in another stage, from which this step copies. */
  | { readonly type: 'source-step' }
  /** The step before this one changed. */
  | { readonly type: 'parent-step' }
  | { readonly type: 'other'; readonly name: string; readonly change: Change }
  /** There was an entry that could not be used. */
  | { readonly type: 'expired'; readonly created: Date }
  | { readonly type: 'evicted' }
  | { readonly type: 'corrupt'; readonly error?: unknown }
  | { readonly type: 'untrusted'; readonly reason: UntrustedReason }
  | { readonly type: 'unreadable'; readonly reason: string }
  /** It is not known whether there is an entry. */
  | { readonly type: 'unreachable'; readonly backend: string; readonly error: unknown };

/** The first digits of a file's hash stand for its type and content, the other ones for its mode and owner. */
export const FILE_CONTENT_DIGITS = 12;

const FILE = 'file:';
const PREFIXES = { env: 'env.', arg: 'arg.', mount: 'mount.', heredoc: 'heredoc.', script: 'script.' } as const;
const INSTRUCTION: ReadonlySet<string> = new Set(['kind', 'instruction', 'args', 'sources', 'destination', 'path']);
const OPTIONS: ReadonlySet<string> = new Set([
  'user',
  'workdir',
  'shell',
  'network',
  'security',
  'chown',
  'chmod',
  'checksum',
  'exclude',
  'source-date-epoch',
  'flags',
]);

/** Names the cause that a difference in one input stands for. */
export function causeOf(name: string, change: Change): MissCause {
  const rest = (prefix: string) => name.slice(prefix.length);
  if (name.startsWith(FILE)) {
    const path = rest(FILE);
    return path.endsWith('/') ? { type: 'directory', path, change } : { type: 'file', path, change };
  }
  if (name.startsWith(PREFIXES.env)) return { type: 'variable', kind: 'ENV', name: rest(PREFIXES.env), change };
  if (name.startsWith(PREFIXES.arg)) return { type: 'variable', kind: 'ARG', name: rest(PREFIXES.arg), change };
  if (name.startsWith(PREFIXES.mount)) return { type: 'mount', target: rest(PREFIXES.mount), change };
  if (name.startsWith(PREFIXES.heredoc)) return { type: 'heredoc', name: rest(PREFIXES.heredoc), change };
  if (name.startsWith(PREFIXES.script)) return { type: 'heredoc', name: rest(PREFIXES.script), change };
  if (INSTRUCTION.has(name)) return { type: 'instruction' };
  if (OPTIONS.has(name)) return { type: 'option', name, change };
  switch (name) {
    case 'platform':
    case 'base':
      // on one side only, so that another step followed the base image
      return change === 'changed' ? { type: name === 'base' ? 'base-image' : 'platform' } : { type: 'parent-step' };
    case 'content':
      return { type: 'content' };
    case 'source':
      return { type: 'source-step' };
    case 'parent':
      return { type: 'parent-step' };
    default:
      return { type: 'other', name, change };
  }
}

/**
 * The order of causes when several inputs differ. A cause comes before its consequences: another base image brings other
 * variables, a changed file changes the digest of all content, and any of them may come with a changed step before.
 */
const RANK: Readonly<Record<MissCause['type'], number>> = {
  bypassed: 0,
  'new-step': 0,
  unreachable: 0,
  untrusted: 0,
  unreadable: 0,
  corrupt: 0,
  expired: 0,
  evicted: 0,
  'first-build': 0,
  platform: 1,
  'base-image': 2,
  instruction: 3,
  heredoc: 4,
  option: 5,
  mount: 6,
  variable: 7,
  file: 8,
  directory: 9,
  other: 10,
  content: 11,
  'source-step': 12,
  'parent-step': 13,
};

export function byRank(a: MissCause, b: MissCause): number {
  return RANK[a.type] - RANK[b.type];
}

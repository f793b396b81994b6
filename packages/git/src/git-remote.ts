/** How git reaches a repository. */
export type GitTransport = 'http' | 'ssh' | 'git' | 'file';

/** The address of a repository, without its credentials. */
export interface GitRemote {
  /** It has no password, so it may be on a command line. */
  readonly url: string;
  readonly transport: GitTransport;
  /** Scheme, host and port of a web address: the only place that its credentials are sent to. */
  readonly origin: string | undefined;
  /** The user name in the address. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const SCP_FORM = /^(?:([^@/\s]+)@)?([^:/\s]+|\[[^\]\s]+\]):(?!\/\/)(.*)$/s;
const USER_INFO = /^([a-z+]+:\/\/)[^/?#]*@/i;

/** Reads `https://…`, `ssh://…`, `git://…`, `file://…`, `[user@]host:path` and paths. */
export function parseGitRemote(text: string): GitRemote {
  const none = { origin: undefined, username: undefined, password: undefined };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return webRemote(text);
  if (scheme === 'ssh' || scheme === 'git+ssh' || scheme === 'ssh+git')
    return { ...none, ...sshRemote(text.replace(/^[^:]+:/, 'ssh:')) };
  if (scheme === 'git') return { ...none, url: text.replace(USER_INFO, '$1'), transport: 'git' };
  if (scheme !== undefined || text.startsWith('/') || text.startsWith('.'))
    return { ...none, url: text, transport: 'file' };
  const [, username, , path] = SCP_FORM.exec(text) ?? [];
  if (path === undefined) return { ...none, url: text, transport: 'file' };
  return { ...none, url: text, transport: 'ssh', username };
}

function webRemote(text: string): GitRemote {
  const remote = { url: text.replace(USER_INFO, '$1'), transport: 'http' } as const;
  if (!URL.canParse(text)) return { ...remote, origin: undefined, username: undefined, password: undefined };
  const { origin, username, password } = new URL(text);
  return { ...remote, origin, username: decoded(username), password: decoded(password) };
}

/** ssh takes no password from an address, but would show it on its command line. */
function sshRemote(text: string): Pick<GitRemote, 'url' | 'transport' | 'username'> {
  const username = /^ssh:\/\/([^@/:]*)(?::[^@/]*)?@/.exec(text)?.[1] || undefined;
  const url = text.replace(USER_INFO, (_, scheme: string) =>
    username === undefined ? scheme : `${scheme}${username}@`,
  );
  return { url, transport: 'ssh', username };
}

function decoded(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

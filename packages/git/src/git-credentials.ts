import { GitFailedError } from './git-failed-error.ts';
import type { GitRemote } from './git-remote.ts';
import type { GitSetting } from './git-settings.ts';

export interface WebCredentials {
  /** Win over those in the address. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The value of the `Authorization` header, in place of user name and password. */
  readonly authorization?: string | undefined;
}

/** How git is told credentials. */
export interface GitCredentials {
  readonly settings: readonly GitSetting[];
  readonly env: Readonly<Record<string, string>>;
  /** What must not be in a message. */
  readonly secrets: readonly string[];
}

/** git runs it by a shell. The command line of that shell has the names of the variables, and not their values. */
const HELPER = `!f() { if test "$1" = get; then printf 'username=%s\\npassword=%s\\n' "$SHALE_GIT_USERNAME" "$SHALE_GIT_PASSWORD"; fi; }; f`;

/**
 * Credentials for the origin of an address, by the environment: other users can read neither a command line nor a file
 * with them.
 * @throws {GitFailedError} for a line end in them, by which they could say more than they are
 */
export function credentialsFor({ origin, username, password }: GitRemote, access: WebCredentials): GitCredentials {
  const given = [access.username, access.password, access.authorization].some((text) => text !== undefined);
  const { authorization, ...login } = given ? access : { username, password };
  const basic = authorization === undefined ? login : basicLogin(authorization);
  if (origin === undefined) return { settings: [], env: {}, secrets: [] };
  const secrets = [basic?.password ?? '', authorization ?? '', ...(basic === undefined ? [] : [encoded(basic)])];
  if ([...secrets, basic?.username ?? ''].some((text) => /[\r\n\0]/.test(text)))
    throw new GitFailedError('The git credentials have a line end', { reason: 'authentication' });
  return { secrets, ...tellGit(origin, basic, authorization) };
}

type Login = Pick<WebCredentials, 'username' | 'password'>;

function tellGit(
  origin: string,
  login: Login | undefined,
  authorization: string | undefined,
): Omit<GitCredentials, 'secrets'> {
  const { username = '', password = '' } = login ?? {};
  if (username !== '') return byHelper(origin, username, password);
  if (password !== '') return byHeader(origin, `Basic ${encoded({ password })}`); // git has no login without a name
  return authorization === undefined ? { settings: [], env: {} } : byHeader(origin, authorization);
}

/** git asks it for this origin only, also after a redirection. */
function byHelper(origin: string, username: string, password: string): Omit<GitCredentials, 'secrets'> {
  return {
    settings: [
      ['credential.helper', ''], // those of the user
      [`credential.${origin}.helper`, HELPER],
    ],
    env: { SHALE_GIT_ORIGIN: origin, SHALE_GIT_USERNAME: username, SHALE_GIT_PASSWORD: password },
  };
}

/** git would send a header also to where the server redirects it. */
function byHeader(origin: string, authorization: string): Omit<GitCredentials, 'secrets'> {
  return {
    settings: [
      [`http.${origin}/.extraHeader`, `Authorization: ${authorization}`],
      ['http.followRedirects', 'false'],
    ],
    env: {},
  };
}

function encoded({ username = '', password = '' }: Login): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

function basicLogin(authorization: string): Login | undefined {
  const text = /^basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1];
  if (text === undefined) return undefined;
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(text, 'base64').toString()) ?? [];
  return username === undefined ? undefined : { username, password };
}

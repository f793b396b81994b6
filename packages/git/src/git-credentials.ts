import { GitFailedError } from './git-failed-error.ts';
import type { GitRemote } from './git-remote.ts';
import type { GitSetting } from './git-settings.ts';

export interface WebCredentials {
  /** Wins over the user name and password of the address. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The value of the `Authorization` header, in place of user name and password. */
  readonly authorization?: string | undefined;
}

/** Credentials in the form that git takes. */
export interface GitCredentials {
  readonly settings: readonly GitSetting[];
  readonly env: Readonly<Record<string, string>>;
  /** Texts that no message may have. */
  readonly secrets: readonly string[];
}

/** git runs it with a shell, whose command line has the names of the variables, not their values. */
const HELPER = `!f() { if test "$1" = get; then printf 'username=%s\\npassword=%s\\n' "$SHALE_GIT_USERNAME" "$SHALE_GIT_PASSWORD"; fi; }; f`;

/**
 * Passes the credentials for the origin of an address in the environment, which other users cannot read.
 * @throws {GitFailedError} for credentials with a line end, which could add fields or headers
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
  if (password !== '') return byHeader(origin, `Basic ${encoded({ password })}`); // git cannot log in without a user name
  return authorization === undefined ? { settings: [], env: {} } : byHeader(origin, authorization);
}

/** git calls the helper for this origin only, also after a redirection. */
function byHelper(origin: string, username: string, password: string): Omit<GitCredentials, 'secrets'> {
  return {
    settings: [
      ['credential.helper', ''], // removes the helpers of the user
      [`credential.${origin}.helper`, HELPER],
    ],
    env: { SHALE_GIT_ORIGIN: origin, SHALE_GIT_USERNAME: username, SHALE_GIT_PASSWORD: password },
  };
}

/** git sends a header to every server that it is redirected to, so it must not follow redirections. */
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

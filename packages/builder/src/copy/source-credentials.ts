import { readSecret, type SecretSource } from '../graph/secrets.ts';
import type { FetchUrl } from './download.ts';

/** Secrets by id. */
export type Secrets = ReadonlyMap<string, SecretSource> | undefined;

/** How the sources of ADD that are not in a context are reached. */
export interface SourceAccess {
  /** For `ADD https://…`. Without it such a source is an error. */
  readonly fetchUrl?: FetchUrl | undefined;
  /** For the git of `ADD https://….git`: `PATH`, `HOME`, `SSH_AUTH_SOCK`, proxies and the like. */
  readonly gitEnvironment?: Readonly<Record<string, string>> | undefined;
  /** For steps that mount them, and credentials of remote sources. */
  readonly secrets?: Secrets;
}

/**
 * The network, with the user's credentials for the host of a URL: the secret `HTTP_AUTH_HEADER_<host>` as it is, else
 * `HTTP_AUTH_TOKEN_<host>` as a bearer's.
 * @see https://docs.docker.com/reference/dockerfile/#add
 */
export function authorizedFetch(fetchUrl: FetchUrl | undefined, secrets: Secrets): FetchUrl | undefined {
  if (fetchUrl === undefined || secrets === undefined || secrets.size === 0) return fetchUrl;
  return async (url, options) => {
    const { host } = new URL(url);
    const header = await secretText(`HTTP_AUTH_HEADER_${host}`, secrets);
    const token = header === undefined ? await secretText(`HTTP_AUTH_TOKEN_${host}`, secrets) : undefined;
    return fetchUrl(url, { ...options, authorization: header ?? (token && `Bearer ${token}`) });
  };
}

/**
 * What git says of the user to a web server: the secret `GIT_AUTH_HEADER` as it is, else `GIT_AUTH_TOKEN` as a password;
 * each first with a dot and the host after it.
 * @see https://docs.docker.com/build/building/secrets/#git-authentication-for-remote-contexts
 */
export async function gitAuthorization(url: string, secrets: Secrets): Promise<string | undefined> {
  if (secrets === undefined || secrets.size === 0 || !/^https?:/i.test(url)) return undefined;
  const { host } = new URL(url);
  const first = async (name: string) =>
    (await secretText(`${name}.${host}`, secrets)) ?? (await secretText(name, secrets));
  const header = await first('GIT_AUTH_HEADER');
  if (header !== undefined) return header;
  const token = await first('GIT_AUTH_TOKEN');
  return token === undefined ? undefined : `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

async function secretText(id: string, secrets: NonNullable<Secrets>): Promise<string | undefined> {
  const source = secrets.get(id);
  if (source === undefined) return undefined;
  return Buffer.from(await readSecret(id, source))
    .toString('utf8')
    .trim();
}

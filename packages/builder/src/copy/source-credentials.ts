import { readSecret, type SecretSource } from '../graph/secrets.ts';
import type { FetchUrl } from './download.ts';

/** Secrets by id. */
export type Secrets = ReadonlyMap<string, SecretSource> | undefined;

/** How ADD reaches remote sources. */
export interface SourceAccess {
  /** For `ADD https://…`. Without it such a source is an error. */
  readonly fetchUrl?: FetchUrl | undefined;
  /** Environment of git for `ADD https://….git`: `PATH`, `HOME`, `SSH_AUTH_SOCK`, proxies and the like. */
  readonly gitEnvironment?: Readonly<Record<string, string>> | undefined;
  /** Secrets for steps that mount them, and credentials for remote sources. */
  readonly secrets?: Secrets;
}

/**
 * Adds the user's credentials for the host of a URL: the secret `HTTP_AUTH_HEADER_<host>` as the header, or else
 * `HTTP_AUTH_TOKEN_<host>` as a bearer token.
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
 * The `Authorization` header of git: the secret `GIT_AUTH_HEADER` as it is, or else `GIT_AUTH_TOKEN` as a password. Of
 * each, the secret with `.<host>` after its name comes first.
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

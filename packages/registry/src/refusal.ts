import { redactUrl } from '@shale/core';
import type { Credentials } from './keychain.ts';
import type { Answered } from './patience.ts';
import { readLimited } from './read-limited.ts';
import { withheldHint } from './realm.ts';
import {
  CredentialsInvalidError,
  describeAnswer,
  parseReplies,
  type RegistryAnswer,
  RegistryRefusedError,
} from './registry-error.ts';

const MAX_ERROR_BYTES = 64 * 1024;

export interface RefusedRequest {
  readonly method: string;
  readonly registry: string;
  readonly redirected: boolean;
  /** The credentials for the registry. */
  readonly credentials: Credentials | undefined;
  /** The token realm, when it did not get the credentials. */
  readonly untrustedRealm: URL | undefined;
}

/** Turns a refusal into an error. Blames the credentials for Basic only: a bearer token was issued for valid ones. */
export async function refusal({ response, tries }: Answered, request: RefusedRequest): Promise<Error> {
  const { status, statusText, url } = response;
  const body = await readLimited(response, MAX_ERROR_BYTES).catch(() => Buffer.alloc(0));
  const replies = parseReplies(body.toString());
  const { credentials, method, redirected } = request;
  const answer = { method, url: redactUrl(url), status, statusText, replies, tries, redirected };
  const challenges = response.headers('www-authenticate');
  const basic = challenges.length === 0 || challenges.some((header) => /^\s*basic\b/i.test(header));
  if (status === 401 && basic && credentials) {
    return new CredentialsInvalidError(
      `The credentials from ${credentials.origin} were not accepted: ${describeAnswer(answer)}`,
      credentials.origin,
      { hint: `Log in again, for example with \`docker login ${request.registry}\`.` },
    );
  }
  return new RegistryRefusedError(answer, { hint: hintFor(answer, request) });
}

function hintFor({ status, method }: RegistryAnswer, request: RefusedRequest): string | undefined {
  const { registry, credentials, untrustedRealm } = request;
  const doing = method === 'GET' || method === 'HEAD' ? 'pull from' : 'push to';
  if (status === 401 && credentials === undefined) {
    return `No credentials for ${registry} were found: log in, for example with \`docker login ${registry}\`.`;
  }
  if (status === 401 || status === 403) {
    if (credentials !== undefined && untrustedRealm !== undefined) return withheldHint(credentials, untrustedRealm);
    const who = credentials === undefined ? 'Without credentials one' : `The user of ${credentials.origin}`;
    return `${who} may not ${doing} this repository; some registries say so too when it does not exist.`;
  }
  if (status === 404 && method !== 'GET' && method !== 'HEAD')
    return 'Check that the repository exists: this registry may not make it.';
  if (status === 405) return 'The registry does not allow this; it may be read-only, or have deletion turned off.';
  if (status === 413) return 'A proxy before the registry limits the size of a request: push in smaller chunks.';
  if (status === 429) return 'The registry limits how often it is asked: log in, wait, or use a mirror.';
  return undefined;
}

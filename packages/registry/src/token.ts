import { redactUrl, streamOf } from '@shale/core';
import { asObject, parseJson } from '@shale/core/json';
import type { Credentials } from './keychain.ts';
import { describeFailure } from './network-failure.ts';
import { type Answered, type QuietPeriod, sendPatiently } from './patience.ts';
import { readLimited } from './read-limited.ts';
import { type Realm, withheldHint } from './realm.ts';
import {
  AuthRealmRefusedError,
  CredentialsInvalidError,
  describeAnswer,
  parseReplies,
  RegistryRefusedError,
} from './registry-error.ts';
import type { RetryPolicy } from './retry.ts';
import type { Peer, RequestBody, Transport } from './transport.ts';
import type { WaitListener } from './wait-watch.ts';

/** A bearer token and its life. */
export interface Token {
  readonly value: string;
  /** Whether it has expired or is about to. */
  isStale(): boolean;
}

export interface TokenService {
  readonly transport: Transport;
  readonly peer: () => Promise<Peer>;
  readonly policy: RetryPolicy;
  readonly quiet: QuietPeriod;
  readonly userAgent: string;
  readonly onWait: WaitListener;
}

export interface TokenRequest {
  readonly realm: Realm;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
}

const CLIENT_ID = 'shale';
const MAX_TOKEN_BYTES = 1024 * 1024;
const DEFAULT_LIFETIME_S = 60;
const MAX_EARLY_S = 10;

/**
 * Asks a realm for a token. Redirects are not followed: a realm has no reason to send credentials elsewhere.
 * @throws {CredentialsInvalidError} when the realm refuses the credentials.
 * @throws {AuthRealmRefusedError} when the realm lies where the registry may not lead to.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function fetchToken(service: TokenService, request: TokenRequest): Promise<Token> {
  const shown = request.realm.trusted ? request.credentials : undefined;
  const asked = { ...request, credentials: shown };
  if (shown?.type === 'identity-token') {
    const posted = await post(service, asked, shown.token);
    if (posted.response.status !== 404 && posted.response.status !== 405)
      return readToken(posted, 'POST', request, shown);
    await posted.response.drop();
  }
  return readToken(await get(service, asked), 'GET', request, shown);
}

function get(service: TokenService, { realm, service: name, scopes, credentials }: TokenRequest): Promise<Answered> {
  const url = new URL(realm.url);
  if (name !== undefined) url.searchParams.set('service', name);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  url.searchParams.set('client_id', CLIENT_ID);
  if (credentials?.type === 'password') url.searchParams.set('account', credentials.username);
  const authorization = credentials && authorizationOf(credentials);
  return send(service, 'GET', url, authorization === undefined ? {} : { authorization });
}

/** @see https://distribution.github.io/distribution/spec/auth/oauth/ */
function post(service: TokenService, { realm, service: name, scopes }: TokenRequest, token: string): Promise<Answered> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: CLIENT_ID,
    ...(name !== undefined && { service: name }),
    scope: scopes.join(' '),
    refresh_token: token,
  });
  const bytes = Buffer.from(form.toString());
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return send(service, 'POST', realm.url, headers, bodyOf(bytes));
}

function authorizationOf(credentials: Credentials): string | undefined {
  if (credentials.type === 'registry-token') return undefined;
  const pair =
    credentials.type === 'password'
      ? `${credentials.username}:${credentials.password}`
      : `<token>:${credentials.token}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

export function bodyOf(bytes: Uint8Array): RequestBody {
  return {
    size: bytes.byteLength,
    open: () => streamOf(bytes),
  };
}

async function send(
  { transport, peer, policy, quiet, userAgent, onWait }: TokenService,
  method: 'GET' | 'POST',
  url: URL,
  headers: Readonly<Record<string, string>>,
  body?: RequestBody,
): Promise<Answered> {
  const from = await peer();
  const asked = { policy, quiet, method, url: `${url.origin}${url.pathname}`, onWait };
  return sendPatiently(asked, async (silenceMs) => {
    try {
      return await transport.send(
        { method, url, headers: { accept: 'application/json', 'user-agent': userAgent, ...headers }, body, silenceMs },
        from,
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPRIVATEADDRESS') throw error;
      throw new AuthRealmRefusedError(
        `${from.hostname} asks for a token from ${url.host}: ${describeFailure(error).reason}`,
        { cause: error, hint: 'Nothing was sent there. Ask the operator of the registry to correct its realm.' },
      );
    }
  });
}

async function readToken(
  { response, tries }: Answered,
  method: string,
  { realm, credentials }: TokenRequest,
  shown: Credentials | undefined,
): Promise<Token> {
  const body = await readLimited(response, MAX_TOKEN_BYTES);
  const { status, statusText } = response;
  const url = redactUrl(realm.url);
  if (status !== 200) {
    const answer = { method, url, status, statusText, tries, replies: parseReplies(body.toString()) };
    throw refused(answer, { realm, credentials, shown });
  }
  const fail = (why: string) =>
    new RegistryRefusedError({ method, url, status, statusText, tries, replies: [{ code: '', message: why }] });
  const document = asObject(parseJson(body, 'the token', fail), 'the token', fail);
  const value = document['token'] ?? document['access_token'];
  if (typeof value !== 'string' || !/^[\u0021-\u007e]+$/.test(value))
    throw fail('there is no usable token in the answer');
  const seconds = Number(document['expires_in'] ?? DEFAULT_LIFETIME_S);
  return newToken(value, Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_LIFETIME_S);
}

type Answer = ConstructorParameters<typeof RegistryRefusedError>[0];

function refused(
  answer: Answer,
  { realm, credentials, shown }: { realm: Realm; credentials: Credentials | undefined; shown: Credentials | undefined },
): Error {
  if (shown && (answer.status === 401 || answer.status === 403 || answer.status === 400)) {
    return new CredentialsInvalidError(
      `The credentials from ${shown.origin} were not accepted: ${describeAnswer(answer)}`,
      shown.origin,
      { hint: 'Log in again, for example with `docker login`.' },
    );
  }
  const withheld = credentials !== undefined && shown === undefined;
  return new RegistryRefusedError(answer, {
    hint: withheld ? withheldHint(credentials, realm.url) : undefined,
  });
}

/**
 * A token is renewed ten seconds before its end, or at half its life, so that no request starts with one about to
 * expire.
 */
function newToken(value: string, lifetimeSeconds: number): Token {
  const staleMs = performance.now() + 1000 * (lifetimeSeconds - Math.min(MAX_EARLY_S, lifetimeSeconds / 2));
  return { value, isStale: () => performance.now() >= staleMs };
}

import { randomUUID, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openScratchDirectory } from '@shale/core/files';
import { makeCertificate } from './make-certificate.ts';
import type { TokenIssuer } from './start-registry.ts';

export interface TokenServerOptions {
  /** Passwords by user. @default only the anonymous user exists */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /** Valid refresh tokens, by user. */
  readonly refreshTokens?: Readonly<Record<string, string>> | undefined;
  /** The rights of a user; `undefined` is the anonymous user. @default everything, for everybody */
  readonly allow?: ((user: string | undefined, repository: string, action: string) => boolean) | undefined;
  /** The lifetime that the answer states, in seconds. @default 300 */
  readonly expiresInSeconds?: number | undefined;
  /** Answers POST with 404, as servers without OAuth do. @default false */
  readonly withoutPost?: boolean | undefined;
}

export interface TokenRequestSeen {
  readonly method: string;
  readonly user: string | undefined;
  readonly scopes: readonly string[];
  readonly service: string | undefined;
  readonly authorization: string | undefined;
}

export interface TokenServer extends AsyncDisposable {
  readonly host: string;
  /** For `startRegistry`. */
  readonly issuer: TokenIssuer;
  readonly requests: readonly TokenRequestSeen[];
}

const SERVICE = 'test registry & co';
const ISSUER = 'test issuer';

/**
 * Issues the tokens that `startRegistry({ token: server.issuer })` requires.
 * @see https://distribution.github.io/distribution/spec/auth/jwt/
 */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const scratch = await openScratchDirectory();
  const files = makeCertificate({ directory: scratch.path, name: 'issuer' });
  const key = await readFile(files.key, 'utf8');
  const chain = [new X509Certificate(await readFile(files.cert)).raw.toString('base64')];
  const requests: TokenRequestSeen[] = [];
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, { options, key, chain, requests });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    issuer: { realm: `http://${host}/token?extra=1`, service: SERVICE, issuer: ISSUER, rootCertBundle: files.cert },
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await scratch[Symbol.asyncDispose]();
    },
  };
}

interface Issuing {
  readonly options: TokenServerOptions;
  readonly key: string;
  readonly chain: readonly string[];
  readonly requests: TokenRequestSeen[];
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, issuing: Issuing): Promise<void> {
  const { options, requests } = issuing;
  const method = incoming.method ?? 'GET';
  let body = '';
  for await (const chunk of incoming) body += String(chunk);
  const query =
    method === 'POST' ? new URLSearchParams(body) : new URL(incoming.url ?? '/', 'http://host').searchParams;
  const { authorization } = incoming.headers;
  const refreshToken = query.get('refresh_token') ?? undefined;
  const user = method === 'POST' ? userOfToken(options, refreshToken) : userOfHeader(options, authorization);
  const scopes = query.getAll('scope').flatMap((scope) => scope.split(' '));
  const service = query.get('service') ?? undefined;
  requests.push({ method, user: user === false ? undefined : user, scopes, service, authorization });
  if (method === 'POST' && options.withoutPost === true) return void outgoing.writeHead(404).end();
  if (user === false) {
    const errors = [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }];
    return void outgoing.writeHead(401).end(JSON.stringify({ errors }));
  }
  const token = makeToken(user, scopes, issuing);
  const expires_in = options.expiresInSeconds ?? 300;
  outgoing.end(JSON.stringify(method === 'POST' ? { access_token: token, expires_in } : { token, expires_in }));
  return undefined;
}

/** Returns `false` for wrong credentials. */
function userOfHeader({ users = {} }: TokenServerOptions, header: string | undefined): string | undefined | false {
  if (header === undefined) return undefined;
  const pair = Buffer.from(header.replace(/^Basic /, ''), 'base64').toString();
  const [user = '', password] = pair.split(':');
  return users[user] === password && password !== undefined ? user : false;
}

function userOfToken({ refreshTokens = {} }: TokenServerOptions, token: string | undefined): string | false {
  return Object.entries(refreshTokens).find(([, known]) => known === token)?.[0] ?? false;
}

function makeToken(user: string | undefined, scopes: readonly string[], { options, key, chain }: Issuing): string {
  const allow = options.allow ?? (() => true);
  const access = scopes.map((scope) => {
    const [type = '', ...rest] = scope.split(':');
    const name = rest.slice(0, -1).join(':');
    const actions = (rest.at(-1) ?? '').split(',').filter((action) => allow(user, name, action));
    return { type, name, actions };
  });
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, nbf: now - 10, exp: now + 300 };
  const claims = { iss: ISSUER, sub: user ?? '', aud: SERVICE, jti: randomUUID(), ...times, access };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ typ: 'JWT', alg: 'ES256', x5c: chain })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

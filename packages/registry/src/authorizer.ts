import type { CallOptions } from '@shale/core';
import { type Challenge, chooseChallenge, parseChallenges } from './challenge.ts';
import type { Credentials, Keychain } from './keychain.ts';
import { judgeRealm, type Realm } from './realm.ts';
import { fetchToken, type Token, type TokenService } from './token.ts';
import { untilAborted } from './until-aborted.ts';

/** The right that a request needs. */
export interface Access extends CallOptions {
  /** The repository as the registry names it, for credentials bound to a path. */
  readonly repository: string;
  /** As in `repository:app:pull,push`. */
  readonly scopes: readonly string[];
}

export interface AuthorizerOptions {
  /** The name under which the keychain has credentials. */
  readonly registry: string;
  readonly keychain: Keychain;
  /** Further hosts that may get the credentials when the realm of the registry is there. */
  readonly realmHosts: readonly string[];
  readonly tokens: TokenService;
}

const BASIC: Challenge = { scheme: 'basic', parameters: {} };

/** Decides what `Authorization` one host gets, from the challenges of the host. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<string, Token>();
  readonly #fetching = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** Reads a 401: what the host asks for is remembered for all later requests. A host that does not say takes Basic. */
  learn(headers: readonly string[]): Challenge | undefined {
    const chosen = headers.length === 0 ? (this.#challenge ?? BASIC) : chooseChallenge(parseChallenges(headers));
    this.#challenge = chosen ?? this.#challenge;
    return chosen;
  }

  /** The header to send; `undefined` when the host did not ask for one, or there are no credentials. */
  async header(access: Access, base: URL): Promise<string | undefined> {
    if (this.#challenge === undefined) return undefined;
    const credentials = await this.credentials(access);
    if (credentials?.type === 'registry-token') return `Bearer ${credentials.token}`;
    if (this.#challenge.scheme === 'basic') return credentials && basicHeader(credentials);
    const token = await untilAborted(this.#token(this.#challenge, { access, base, credentials }), access.signal);
    return `Bearer ${token.value}`;
  }

  /** After a 401: returns another header to try, or `undefined` when there is only the refused one. */
  async renew(
    refused: string | undefined,
    headers: readonly string[],
    access: Access,
    base: URL,
  ): Promise<string | undefined> {
    for (const [key, token] of this.#tokens) if (`Bearer ${token.value}` === refused) this.#tokens.delete(key);
    const asked = this.learn(headers)?.parameters['scope']?.split(' ') ?? [];
    const scopes = [...new Set([...access.scopes, ...asked.filter((scope) => scope !== '')])];
    const header = await this.header({ ...access, scopes }, base);
    return header === refused ? undefined : header;
  }

  /** The realm that gets no credentials, when the host asks for tokens of such a realm. */
  untrustedRealm(base: URL): URL | undefined {
    const realm = this.#challenge?.scheme === 'bearer' ? this.#realm(this.#challenge, base) : undefined;
    return realm?.trusted === false ? realm.url : undefined;
  }

  credentials({ repository, signal }: Access): Promise<Credentials | undefined> {
    return this.#options.keychain.resolve({ registry: this.#options.registry, repository }, { signal });
  }

  #token(challenge: Challenge, wish: TokenWish): Promise<Token> {
    const { access, credentials } = wish;
    const who = credentials === undefined ? '' : JSON.stringify(credentials);
    const key = JSON.stringify([who, ...access.scopes.toSorted()]);
    const known = this.#tokens.get(key);
    if (known && !known.isStale()) return Promise.resolve(known);
    const running = this.#fetching.get(key);
    if (running) return running;
    const fetching = this.#fetch(challenge, wish)
      .then((token) => {
        this.#tokens.set(key, token);
        return token;
      })
      .finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, fetching);
    return fetching;
  }

  #fetch(challenge: Challenge, { access, base, credentials }: TokenWish): Promise<Token> {
    const realm = this.#realm(challenge, base);
    const service = challenge.parameters['service'];
    return fetchToken(this.#options.tokens, { realm, service, scopes: access.scopes, credentials });
  }

  #realm(challenge: Challenge, base: URL): Realm {
    return judgeRealm(challenge.parameters['realm'] ?? '', base, this.#options.realmHosts);
  }
}

interface TokenWish {
  readonly access: Access;
  readonly base: URL;
  readonly credentials: Credentials | undefined;
}

export function basicHeader(credentials: Credentials): string | undefined {
  if (credentials.type !== 'password') return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

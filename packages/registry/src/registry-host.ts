import { type Access, Authorizer } from './authorizer.ts';
import type { HostCertificates } from './certificates.ts';
import type { Endpoint, Scheme } from './endpoint.ts';
import type { ExchangeListener } from './exchange.ts';
import type { Keychain } from './keychain.ts';
import { describeFailure } from './network-failure.ts';
import { describeScarcity, parsePullLimit } from './pull-limit.ts';
import { Budget } from './budget.ts';
import { type Answered, QuietPeriod, sendPatiently, unreachable } from './patience.ts';
import { locationOf } from './location.ts';
import { refusal } from './refusal.ts';
import type { RetryPolicy } from './retry.ts';
import type { Peer, Transport, TransportRequest, TransportResponse } from './transport.ts';
import { untilAborted } from './until-aborted.ts';
import type { WaitListener } from './wait-watch.ts';

export interface RegistryHostOptions {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  readonly keychain: Keychain;
  readonly policy: RetryPolicy;
  readonly realmHosts: readonly string[];
  readonly certificates: (authority: string) => Promise<HostCertificates>;
  readonly userAgent: string;
  /** Called once for each warning that the registry sends. */
  readonly onWarning: (message: string) => void;
  readonly onWait: WaitListener;
  readonly onExchange?: ExchangeListener | undefined;
}

export interface HostRequest
  extends Access,
    Pick<TransportRequest, 'method' | 'body' | 'bulk' | 'answerTimeoutMs' | 'silenceMs'> {
  /** Below `/v2/`, or a whole URL that the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The statuses to return; any other is thrown. */
  readonly accept: readonly number[];
  /** @default that of the policy */
  readonly tries?: number | undefined;
  /** Longest time without progress, in milliseconds. @default that of the policy */
  readonly budgetMs?: number | undefined;
}

/** Where a host was found. */
interface Base {
  readonly url: URL;
  readonly peer: Peer;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** One host of the distribution API: finds its scheme, sends credentials, follows redirects and retries. */
export class RegistryHost {
  readonly endpoint: Endpoint;
  readonly #options: RegistryHostOptions;
  readonly #authorizer: Authorizer;
  readonly #quiet = new QuietPeriod();
  readonly #warned = new Set<string>();
  #base: Promise<Base> | undefined;

  constructor(options: RegistryHostOptions) {
    const { endpoint, transport, policy, userAgent, keychain, realmHosts } = options;
    this.endpoint = endpoint;
    this.#options = options;
    const peer = async () => (await this.#found()).peer;
    this.#authorizer = new Authorizer({
      registry: endpoint.registry,
      keychain,
      realmHosts,
      tokens: {
        transport,
        peer,
        policy,
        quiet: new QuietPeriod(),
        userAgent,
        onWait: options.onWait,
      },
    });
  }

  /**
   * Read or drop the body of the answer.
   * @throws {RegistryRefusedError} @throws {RegistryUnreachableError} @throws {CredentialsInvalidError}
   */
  async request(request: HostRequest): Promise<TransportResponse> {
    const { signal } = request;
    const policy = { ...this.#options.policy, tries: request.tries ?? this.#options.policy.tries };
    const budget = new Budget(request.budgetMs ?? policy.budgetMs);
    const { url: base } = await untilAborted(this.#found(policy), signal);
    const url = this.#urlOf(request, base);
    const { method } = request;
    const answered = await sendPatiently(
      { policy, quiet: this.#quiet, method, url, budget, onWait: this.#options.onWait, signal },
      (leftMs) => this.#authorized({ ...request, silenceMs: leftMs }, url, base),
    );
    const { response } = answered;
    for (const warning of response.headers('warning')) this.#warn(warning);
    const pulls = parsePullLimit((name) => response.header(name));
    if (pulls !== undefined) this.#tell(describeScarcity(pulls));
    if (request.accept.includes(response.status)) return response;
    throw await this.#refusal(answered, request, base);
  }

  /** Turns the failure of an interrupted body into an error for users. */
  unreachable(error: unknown, { method, target }: Pick<HostRequest, 'method' | 'target'>, tries: number): Error {
    return unreachable(error, {
      method,
      url: typeof target === 'string' ? `${this.endpoint.authority}/v2/${target}` : target,
      tries,
    });
  }

  #urlOf({ target, method }: HostRequest, base: URL): URL {
    if (typeof target !== 'string') return target;
    const url = new URL(`/v2/${target}`, base);
    const { namespace } = this.endpoint;
    if (namespace !== undefined && (method === 'GET' || method === 'HEAD')) url.searchParams.set('ns', namespace);
    return url;
  }

  /** One try, with the credentials that the host is known to want. Answers one 401. */
  async #authorized(request: HostRequest, url: URL, base: URL): Promise<TransportResponse> {
    if (url.origin !== base.origin) return this.#follow(request, url, undefined);
    const shown = await this.#authorizer.header(request, base);
    const response = await this.#follow(request, url, shown);
    if (response.status !== 401 || response.url.origin !== base.origin) return response;
    const renewed = await this.#authorizer.renew(shown, response.headers('www-authenticate'), request, base);
    if (renewed === undefined) return response;
    await response.drop();
    return this.#follow(request, url, renewed);
  }

  /** Drops credentials at the first redirect to another origin, for good. */
  async #follow(request: HostRequest, start: URL, authorization: string | undefined): Promise<TransportResponse> {
    const { method, body, bulk, answerTimeoutMs, silenceMs, signal } = request;
    const { peer } = await this.#found();
    let url = start;
    let shown = authorization;
    for (let redirects = 0; ; redirects += 1) {
      const headers = {
        'accept-encoding': 'identity',
        'user-agent': this.#options.userAgent,
        ...request.headers,
        ...(shown !== undefined && { authorization: shown }),
      };
      const response = await this.#send({ method, url, headers, body, bulk, answerTimeoutMs, silenceMs, signal }, peer);
      const followed = REDIRECTS.has(response.status) && (method === 'GET' || method === 'HEAD');
      if (!followed || redirects === MAX_REDIRECTS || response.header('location') === undefined) return response;
      const next = locationOf(response);
      await response.drop();
      if (next.origin !== url.origin) shown = undefined;
      url = next;
    }
  }

  async #send(request: TransportRequest, peer: Peer): Promise<TransportResponse> {
    const { transport, onExchange } = this.#options;
    if (onExchange === undefined) return transport.send(request, peer);
    const { registry } = this.endpoint;
    const { method } = request;
    try {
      const response = await transport.send(request, peer);
      onExchange({ type: 'answered', registry, method, status: response.status });
      const count = (bytes: number) => onExchange({ type: 'received', registry, bytes });
      return { ...response, body: counted(response.body, count) };
    } catch (error) {
      if (request.signal?.aborted !== true) onExchange({ type: 'unanswered', registry, method });
      throw error;
    }
  }

  async #refusal(answered: Answered, request: HostRequest, base: URL): Promise<Error> {
    const { status, url: answeredBy } = answered.response;
    const own = answeredBy.origin === base.origin;
    const asked = own && (status === 401 || status === 403);
    const credentials = asked ? await this.#authorizer.credentials(request) : undefined;
    return refusal(answered, {
      method: request.method,
      registry: this.endpoint.registry,
      redirected: !own,
      credentials,
      untrustedRealm: asked ? this.#authorizer.untrustedRealm(base) : undefined,
    });
  }

  #found(policy: RetryPolicy = this.#options.policy): Promise<Base> {
    this.#base ??= this.#find(policy).catch((error: unknown) => {
      this.#base = undefined;
      throw error;
    });
    return this.#base;
  }

  /** Finds out the scheme and the challenges of a host with a first request that sends no content. */
  async #find(policy: RetryPolicy): Promise<Base> {
    const { endpoint, certificates } = this.#options;
    const own = await certificates(endpoint.authority);
    let found: Base | undefined;
    const url = `${endpoint.authority}/v2/`;
    const { onWait } = this.#options;
    const asked = { policy, quiet: this.#quiet, method: 'GET', url, onWait };
    const { response } = await sendPatiently(asked, async (silenceMs) => {
      const failures: unknown[] = [];
      for (const scheme of endpoint.schemes) {
        const base = baseOf(endpoint, scheme, own);
        const answer = await this.#ping(base, silenceMs).catch((error: unknown) => void failures.push(error));
        if (answer === undefined) continue;
        found = base;
        return answer;
      }
      throw failures.find((failure) => describeFailure(failure).wrongProtocol !== true) ?? failures.at(-1);
    });
    if (response.status === 401) this.#authorizer.learn(response.headers('www-authenticate'));
    await response.drop();
    return found as Base;
  }

  async #ping({ url, peer }: Base, silenceMs: number): Promise<TransportResponse> {
    const headers = { 'user-agent': this.#options.userAgent };
    const response = await this.#send({ method: 'GET', url: new URL('/v2/', url), headers, silenceMs }, peer);
    if (url.protocol === 'https:' || response.status !== 400) return response;
    await response.drop(); // "Client sent an HTTP request to an HTTPS server."
    throw Object.assign(new Error('It speaks https, and plain http was expected'), { code: 'EPROTO' });
  }

  #warn(header: string): void {
    this.#tell(/^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(header)?.[1]);
  }

  #tell(text: string | undefined): void {
    if (text === undefined || this.#warned.has(text) || this.#warned.size > MAX_WARNINGS) return;
    this.#warned.add(text);
    this.#options.onWarning(text);
  }
}

const MAX_WARNINGS = 100;

async function* counted(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.byteLength);
    yield chunk;
  }
}

function baseOf({ authority }: Endpoint, { protocol, verify }: Scheme, certificates: HostCertificates): Base {
  const url = new URL(`${protocol}//${authority}/`);
  return { url, peer: { authority, hostname: url.hostname, verify, certificates } };
}

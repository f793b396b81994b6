import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import { type AddressClass, classifyAddress, isLoopbackHost, mayLeadTo } from './address.ts';
import type { HostCertificates } from './certificates.ts';
import { printable } from './registry-error.ts';
import { RequestSlots } from './request-slots.ts';
import { type WaitListener, WaitWatch } from './wait-watch.ts';

export interface ProxyOptions {
  /** Proxy for plain http, as `http://proxy:3128`. */
  readonly http?: string | undefined;
  /** Proxy for https. */
  readonly https?: string | undefined;
  /** Hosts that are reached directly, as in `NO_PROXY`. Loopback hosts always are. */
  readonly noProxy?: string | undefined;
}

export interface TransportOptions {
  readonly proxy?: ProxyOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Connections to one host that carry blobs. */
  readonly concurrency: number;
  /** Connections to one host that carry everything else. */
  readonly requestConcurrency: number;
  /** Called for waits of more than five seconds. */
  readonly onWait: HostWaitListener;
}

export type HostWaitListener = (host: string, wait: Parameters<WaitListener>[0]) => void;

/** The registry that a request is for. It decides certificates, and where redirects may lead. */
export interface Peer {
  /** Host and optional port. */
  readonly authority: string;
  /** As in a URL: `registry.example`, `[::1]`. */
  readonly hostname: string;
  readonly verify: boolean;
  readonly certificates: HostCertificates;
}

export interface RequestBody {
  readonly size: number;
  /** Opens the content at its start, each time. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  /** Whether the request transfers a blob. */
  readonly bulk?: boolean | undefined;
  /** Longest silence, in milliseconds, when that is less than the idle timeout. */
  readonly silenceMs?: number | undefined;
  /** Longest wait for the start of the answer, in milliseconds. @default that of any silence */
  readonly answerTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TransportResponse {
  readonly status: number;
  readonly statusText: string;
  readonly url: URL;
  /** By lower-case name; `undefined` where absent, the first where repeated. */
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  /** Read it to its end, or drop it. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Frees the connection: reads a short rest of the body, or closes the connection. */
  drop(): Promise<void>;
}

const MAX_DROPPED_BYTES = 64 * 1024;
const BODY_BUFFER_BYTES = 256 * 1024;

/** Sends single HTTP/1.1 requests: no retries, no redirects, no credentials. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();
  readonly #slots = new RequestSlots();
  readonly #places = new Map<string, AddressClass>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** @throws The unchanged error of the socket, of TLS or of the parser; see `describeFailure`. */
  async send(request: TransportRequest, peer: Peer): Promise<TransportResponse> {
    const { url, signal } = request;
    signal?.throwIfAborted();
    this.#checkLiteral(url, peer);
    const key = this.#keyOf(request, peer);
    const dispatcher = await this.#dispatcherFor(key, request, peer);
    const release = await this.#slots.take(`${key} ${url.origin}`, this.#connections(request.bulk), signal);
    const watch = new WaitWatch((wait) => this.#options.onWait(url.host, wait));
    try {
      const { body, ...answer } = await this.#dispatch(dispatcher, request, watch);
      body.once('close', release);
      const silence = `it stopped sending its answer to ${describe(request)}`;
      return readResponse(answer, url, { body, watched: watch.reading(body, silence, this.#silenceMs(request)) });
    } catch (error) {
      release();
      signal?.throwIfAborted();
      throw error;
    } finally {
      watch.end();
    }
  }

  #dispatch(dispatcher: Dispatcher, request: TransportRequest, watch: WaitWatch): Promise<Dispatcher.ResponseData> {
    const { url, signal, body } = request;
    const silenceMs = this.#silenceMs(request);
    const headersTimeout = request.answerTimeoutMs ?? silenceMs;
    const awaitAnswer = () =>
      watch.begin(`no answer to ${describe(request)} yet`, this.#options.connectTimeoutMs + headersTimeout);
    async function* watched(content: RequestBody): AsyncIterable<Uint8Array> {
      watch.end(); // the connection is there, and the content may take its time
      yield* watch.writing(content.open(), `it accepts no more of ${describe(request)}`, silenceMs);
      awaitAnswer();
    }
    awaitAnswer();
    return dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: { ...request.headers, ...(body && { 'content-length': String(body.size) }) },
      body: body && body.size > 0 ? Readable.from(watched(body), BODY_STREAM) : null,
      headersTimeout,
      bodyTimeout: silenceMs,
      signal: signal ?? null,
    });
  }

  #silenceMs({ silenceMs = Number.POSITIVE_INFINITY }: TransportRequest): number {
    return Math.ceil(Math.min(silenceMs, this.#options.idleTimeoutMs));
  }

  #connections(bulk: boolean | undefined): number {
    return bulk === true ? this.#options.concurrency : this.#options.requestConcurrency;
  }

  async close(): Promise<void> {
    const dispatchers = await Promise.allSettled(this.#dispatchers.values());
    this.#dispatchers.clear();
    await Promise.all(dispatchers.map((made) => (made.status === 'fulfilled' ? made.value.destroy() : undefined)));
  }

  /** Keeps the first address of a host, so that a name cannot move into the network later. */
  #placeOf(hostname: string): AddressClass {
    const address = hostname.replaceAll(/[[\]]/g, '');
    return isIP(address) === 0 ? (this.#places.get(address) ?? 'public') : classifyAddress(address);
  }

  #checkLiteral(url: URL, peer: Peer): void {
    const address = url.hostname.replaceAll(/[[\]]/g, '');
    if (url.hostname === peer.hostname || isIP(address) === 0) return;
    if (!mayLeadTo(this.#placeOf(peer.hostname), classifyAddress(address))) throw privateAddress(url.hostname);
  }

  /** Requests with equal keys share connections. */
  #keyOf(request: TransportRequest, peer: Peer): string {
    const { url, bulk = false } = request;
    const foreign = url.hostname !== peer.hostname;
    const place = foreign ? this.#placeOf(peer.hostname) : 'own';
    // Client certificates and lowered checks apply to the registry's own host, never to redirects.
    const own = foreign ? 'foreign' : peer.authority;
    return JSON.stringify([own, place, bulk, this.#proxyOf(url), peer.verify]);
  }

  #proxyOf(url: URL): string | undefined {
    if (isLoopbackHost(url.host)) return undefined;
    return this.#options.proxy?.[url.protocol === 'https:' ? 'https' : 'http'];
  }

  #dispatcherFor(key: string, { url, bulk = false }: TransportRequest, peer: Peer): Promise<Dispatcher> {
    const known = this.#dispatchers.get(key);
    if (known) return known;
    const foreign = url.hostname !== peer.hostname;
    const made = this.#makeDispatcher({ peer, foreign, bulk, proxy: this.#proxyOf(url) });
    this.#dispatchers.set(key, made);
    return made;
  }

  async #makeDispatcher(wish: { peer: Peer; foreign: boolean; bulk: boolean; proxy: string | undefined }) {
    const { peer, foreign, bulk, proxy } = wish;
    // Loaded at the first request, because many builds send none.
    const { Agent, EnvHttpProxyAgent } = await import('undici');
    const { ca, cert, key } = peer.certificates;
    const tls = {
      ...(ca.length > 0 && { ca: [...(await systemCertificates()), ...ca] }),
      ...(!foreign && cert !== undefined && { cert, key }),
      ...(!foreign && !peer.verify && { rejectUnauthorized: false }),
    };
    const options: Agent.Options = {
      connections: this.#connections(bulk),
      allowH2: false,
      connect: {
        ...tls,
        timeout: this.#options.connectTimeoutMs,
        lookup: foreign ? this.#guardedLookup(peer) : this.#recordingLookup(),
      },
    };
    if (proxy === undefined) return new Agent(options);
    const noProxy = this.#options.proxy?.noProxy ?? '';
    return new EnvHttpProxyAgent({ ...options, requestTls: tls, httpProxy: proxy, httpsProxy: proxy, noProxy });
  }

  #recordingLookup(): LookupFunction {
    return (hostname, options, callback) => {
      lookup(hostname, options, (error, found, family) => {
        if (!error && !this.#places.has(hostname)) this.#places.set(hostname, outermost(addressesOf(found)));
        callback(error, found, family);
      });
    };
  }

  #guardedLookup(peer: Peer): LookupFunction {
    const place = this.#placeOf(peer.hostname);
    return (hostname, options, callback) => {
      lookup(hostname, options, (error, found, family) => {
        const inside = !error && addressesOf(found).some((address) => !mayLeadTo(place, classifyAddress(address)));
        callback(inside ? privateAddress(hostname) : error, found, family);
      });
    };
  }
}

const BODY_STREAM = { objectMode: false, highWaterMark: BODY_BUFFER_BYTES };

type Answer = Pick<Dispatcher.ResponseData, 'statusCode' | 'statusText' | 'headers'>;

interface AnswerBody {
  readonly body: Dispatcher.ResponseData['body'];
  readonly watched: AsyncIterable<Uint8Array>;
}

function readResponse({ statusCode, statusText, headers }: Answer, url: URL, answer: AnswerBody): TransportResponse {
  const all = (name: string) => [headers[name] ?? []].flat();
  return {
    status: statusCode,
    statusText,
    url,
    header: (name) => all(name)[0],
    headers: all,
    body: answer.watched,
    drop: () => answer.body.dump({ limit: MAX_DROPPED_BYTES }).catch(() => undefined),
  };
}

function describe({ method, url }: TransportRequest): string {
  return `${method} ${printable(url.pathname)}`;
}

function addressesOf(found: unknown): readonly string[] {
  return Array.isArray(found) ? found.map(({ address }: { address: string }) => address) : [String(found)];
}

const OUTERMOST_FIRST: readonly AddressClass[] = ['public', 'private', 'loopback', 'reserved'];

function outermost(addresses: readonly string[]): AddressClass {
  const classes = addresses.map(classifyAddress);
  return OUTERMOST_FIRST.find((place) => classes.includes(place)) ?? 'public';
}

function privateAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} is an address inside this network`), { code: 'EPRIVATEADDRESS' });
}

/** The authorities that Node trusts. Configured ones are added to them, as curl and docker do. */
async function systemCertificates(): Promise<readonly string[]> {
  const tls = await import('node:tls');
  return tls.getCACertificates?.('default') ?? tls.rootCertificates;
}

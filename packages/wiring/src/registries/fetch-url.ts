import { redactUrl, ShaleError } from '@shale/core';
import type { FetchUrl } from '@shale/builder';
import type { ProxyOptions } from '@shale/registry';
import type { Dispatcher } from 'undici';

const MAX_REDIRECTS = 10;

class UrlRefusedError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

export interface UrlFetcherOptions {
  /** @default none */
  readonly proxy?: ProxyOptions | undefined;
}

/** Fetches URLs for `ADD https://…`. It follows redirects, but never from https to http. */
export function urlFetcher({ proxy = {} }: UrlFetcherOptions = {}): FetchUrl {
  const send = sender(proxy);
  return async (url, { authorization, signal }) => {
    const { origin } = new URL(url);
    let current = new URL(url);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const headers = authorization !== undefined && current.origin === origin ? { authorization } : {};
      const response = await request(current, send, { headers, signal });
      const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (location === null)
        return { status: response.status, headers: Object.fromEntries(response.headers), body: bodyOf(response) };
      await response.body?.cancel();
      current = redirected(current, location);
    }
    throw new UrlRefusedError(`${redactUrl(url)} redirects more than ${MAX_REDIRECTS} times`);
  };
}

interface SendOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | null;
}

type Send = (url: URL, options: SendOptions) => Promise<Response>;

/** Node's own `fetch` has no option for a proxy, so undici is loaded when one is set. */
function sender({ http, https, noProxy }: ProxyOptions): Send {
  if (http === undefined && https === undefined)
    return (url, options) => fetch(url, { redirect: 'manual', ...options });
  let dispatcher: Promise<Dispatcher> | undefined;
  return async (url, { headers, signal }) => {
    const undici = await import('undici');
    // as Go does, and so BuildKit: addresses of this machine need no proxy
    const direct = [noProxy, 'localhost', '127.0.0.1', '::1'].filter((name) => name !== undefined).join(',');
    dispatcher ??= Promise.resolve(
      new undici.EnvHttpProxyAgent({ httpProxy: http ?? '', httpsProxy: https ?? '', noProxy: direct }),
    );
    const options = { redirect: 'manual', headers, signal, dispatcher: await dispatcher } as const;
    return await undici.fetch(url, options);
  };
}

async function request(
  url: URL,
  send: Send,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal | undefined },
): Promise<Response> {
  try {
    return await send(url, { headers, signal: signal ?? null });
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new UrlRefusedError(`${redactUrl(url.href)} cannot be fetched: ${why}`, { cause });
  }
}

function redirected(from: URL, location: string): URL {
  const to = new URL(location, from);
  const allowed = to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:');
  if (allowed) return to;
  throw new UrlRefusedError(`${redactUrl(from.href)} redirects to ${to.protocol}, which is not followed`);
}

function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  return (response.body ?? []) as AsyncIterable<Uint8Array>;
}

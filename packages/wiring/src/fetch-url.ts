import { redactUrl, ShaleError } from '@shale/core';
import type { FetchUrl } from '@shale/builder';

const MAX_REDIRECTS = 10;

class UrlRefusedError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

/** The network for `ADD https://…`. Redirects are followed, from https only to https. */
export const fetchUrl: FetchUrl = async (url, { signal }) => {
  let current = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await request(current, signal);
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null)
      return { status: response.status, headers: Object.fromEntries(response.headers), body: bodyOf(response) };
    await response.body?.cancel();
    current = redirected(current, location);
  }
  throw new UrlRefusedError(`${redactUrl(url)} redirects more than ${MAX_REDIRECTS} times`);
};

async function request(url: URL, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'manual', signal: signal ?? null });
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

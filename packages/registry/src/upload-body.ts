import { holdBack } from './hold-back.ts';
import type { RequestBody } from './transport.ts';

export interface GuardedBody extends RequestBody {
  /** The failure of the content itself, which the error of the aborted request hides. */
  failure(): unknown;
  /** Aborts when the connection accepted no bytes for too long. */
  readonly stalled: AbortSignal;
}

export interface GuardOptions {
  readonly idleTimeoutMs: number;
  /** Called with the bytes that the connection accepted so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** A request body that keeps the failure of its content, and detects a stalled connection. */
export function guardedBody(body: RequestBody, { idleTimeoutMs, onBytes }: GuardOptions): GuardedBody {
  const stall = new AbortController();
  let failure: unknown;
  // A loop of its own: the stream throws errors of the connection into the loop below.
  async function* remembered(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of body.open()) yield chunk;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  async function* open(): AsyncIterable<Uint8Array> {
    failure = undefined;
    let sent = 0;
    for await (const chunk of holdBack(remembered())) {
      const timer = setTimeout(() => stall.abort(silence()), idleTimeoutMs);
      try {
        yield chunk;
      } finally {
        clearTimeout(timer);
      }
      sent += chunk.byteLength;
      onBytes?.(sent);
    }
  }
  return { size: body.size, open, failure: () => failure, stalled: stall.signal };
}

function silence(): NodeJS.ErrnoException {
  return Object.assign(new Error('The connection accepts no more bytes'), { code: 'UND_ERR_BODY_TIMEOUT' });
}

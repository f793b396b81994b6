import { holdBack } from './hold-back.ts';
import type { RequestBody } from './transport.ts';

export interface GuardedBody extends RequestBody {
  /** What the content itself failed with; an aborted request hides it. */
  failure(): unknown;
  /** Aborts when the connection took nothing for too long. */
  readonly stalled: AbortSignal;
}

export interface GuardOptions {
  readonly idleTimeoutMs: number;
  /** Called with the bytes that the connection took so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** A body that remembers why its content failed, and that notices when the connection stops taking it. */
export function guardedBody(body: RequestBody, { idleTimeoutMs, onBytes }: GuardOptions): GuardedBody {
  const stall = new AbortController();
  let failure: unknown;
  // Apart from the loop below: the stream around that one also throws the connection's errors into it.
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
  return Object.assign(new Error('The connection takes no more bytes'), { code: 'UND_ERR_BODY_TIMEOUT' });
}

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

/**
 * A body that notices when the connection stops taking it, and that keeps its last chunk back until the content ended
 * well: a registry never sees the end of a blob that turned out wrong.
 */
export function guardedBody(body: RequestBody, { idleTimeoutMs, onBytes }: GuardOptions): GuardedBody {
  let failure: unknown;
  const stall = new AbortController();
  const silence = Object.assign(new Error('The connection takes no more bytes'), { code: 'UND_ERR_BODY_TIMEOUT' });
  async function* untilTaken(chunk: Uint8Array): AsyncIterable<Uint8Array> {
    const timer = setTimeout(() => stall.abort(silence), idleTimeoutMs);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
  }
  async function* open(): AsyncIterable<Uint8Array> {
    failure = undefined;
    let sent = 0;
    let held: Uint8Array | undefined;
    try {
      for await (const chunk of body.open()) {
        if (held !== undefined) {
          yield* untilTaken(held);
          sent += held.byteLength;
          onBytes?.(sent);
        }
        held = chunk;
      }
    } catch (error) {
      failure = error;
      throw error;
    }
    if (held !== undefined) yield* untilTaken(held);
    onBytes?.(body.size);
  }
  return { size: body.size, open, failure: () => failure, stalled: stall.signal };
}

/** Options of every call that uses a network or a disk. */
export interface CallOptions {
  /** Abandons the call: it rejects with the signal's reason and leaves nothing half-written. */
  readonly signal?: AbortSignal | undefined;
}

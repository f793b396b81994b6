/** Held by the thread that starts a program, of all threads that have this. */
export type SpawnLock = Int32Array<SharedArrayBuffer>;

const FREE = 0;
const TAKEN = 1;

/** Limits belong to the process: what one thread lowers for its program, another one's would start with too. */
export function newSpawnLock(): SpawnLock {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Blocks the thread until no other one is at it. */
export function withSpawnLock<T>(lock: SpawnLock, work: () => T): T {
  while (Atomics.compareExchange(lock, 0, FREE, TAKEN) !== FREE) Atomics.wait(lock, 0, TAKEN);
  try {
    return work();
  } finally {
    Atomics.store(lock, 0, FREE);
    Atomics.notify(lock, 0, 1);
  }
}

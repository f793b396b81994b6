/** Milliseconds that never go back. Unlike `performance.now()`, it loads no module of Node. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

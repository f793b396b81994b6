/** Milliseconds that never go back. Unlike `performance`, it loads none of Node's modules. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

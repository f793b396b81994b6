const NANOSECONDS = 1_000_000_000n;

/** Whole seconds, rounded down, and the nanoseconds after them (0 to 999,999,999). */
export function splitNanoseconds(time: bigint): { readonly seconds: number; readonly nanoseconds: number } {
  const rest = ((time % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  return { seconds: Number((time - rest) / NANOSECONDS), nanoseconds: Number(rest) };
}

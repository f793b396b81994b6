/** How many pulls a registry still allows. Docker Hub sends it with every answer. */
export interface PullLimit {
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds: number | undefined;
}

/** A warning is given below this part of the limit. */
const SCARCE = 0.1;

/** Reads `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 5;w=21600`. */
export function parsePullLimit(header: (name: string) => string | undefined): PullLimit | undefined {
  const read = (name: string) => /^\s*(\d{1,9})\s*(?:;\s*w=(\d{1,9}))?\s*$/.exec(header(name) ?? '');
  const [limit, remaining] = [read('ratelimit-limit'), read('ratelimit-remaining')];
  if (limit === null || remaining === null) return undefined;
  const window = limit[2] ?? remaining[2];
  return {
    limit: Number(limit[1]),
    remaining: Number(remaining[1]),
    windowSeconds: window === undefined ? undefined : Number(window),
  };
}

/** The warning for a user with few pulls left; `undefined` while there are enough. */
export function describeScarcity({ limit, remaining, windowSeconds }: PullLimit): string | undefined {
  if (remaining > limit * SCARCE) return undefined;
  const hours = windowSeconds === undefined ? '' : ` in ${Math.round(windowSeconds / 360) / 10} hours`;
  return `fewer than ${Math.ceil(limit * SCARCE) + 1} of ${limit} pulls${hours} are left: log in, warm base images, or name a mirror`;
}

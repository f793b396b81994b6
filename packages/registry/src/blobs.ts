import type { CallOptions, Descriptor, Digest } from '@shale/core';
import { BlobMissingError, ManifestInvalidError, ShaleError, SizeMismatchError } from '@shale/core';
import { Budget } from './budget.ts';
import { describeFailure } from './network-failure.ts';
import { type Place, pullScope } from './manifests.ts';
import { MIN_ATTEMPT_MS } from './patience.ts';
import { RegistryRefusedError } from './registry-error.ts';
import type { RateLimit } from './rate-limit.ts';
import type { HostRequest } from './registry-host.ts';
import { pause, type RetryPolicy, retryDelay } from './retry.ts';
import { ThroughputGuard } from './throughput-guard.ts';
import type { TransportResponse } from './transport.ts';

export interface DownloadOptions extends CallOptions {
  /** The offset to start from: bytes that another place has served. @default 0 */
  readonly offset?: number | undefined;
  readonly policy: RetryPolicy;
  readonly minimumBytesPerSecond: number;
  readonly rateLimit?: RateLimit | undefined;
}

/** An attempt that received this many bytes resets the count of tries. */
const PROGRESS_BYTES = 64 * 1024;
/** How often a blob is read again from its start when the server does not support ranges. */
const MAX_RESTARTS = 2;

/** The size in bytes, or `undefined` where the blob is absent. */
export async function statBlob(
  place: Place,
  digest: Digest,
  options?: CallOptions & Pick<HostRequest, 'budgetMs'>,
): Promise<number | undefined> {
  const response = await place.host.request({
    ...blobRequest(place, digest),
    method: 'HEAD',
    accept: [200, 404],
    tries: place.tries,
    budgetMs: options?.budgetMs,
    signal: options?.signal,
  });
  await response.drop();
  const size = Number(response.header('content-length') ?? Number.NaN);
  return response.status === 200 && Number.isSafeInteger(size) ? size : undefined;
}

/**
 * Streams a blob, and resumes when a connection breaks. Counts the bytes, and does not hash them.
 * @throws {BlobMissingError} @throws {SizeMismatchError} @throws {RegistryUnreachableError} @throws {RegistryRefusedError}
 */
export async function* downloadBlob(
  place: Place,
  blob: Descriptor,
  options: DownloadOptions,
): AsyncIterable<Uint8Array> {
  const { policy, signal } = options;
  const budget = new Budget(policy.budgetMs);
  const progress: Progress = { offset: options.offset ?? 0, restarts: 0, resumable: true, budget };
  for (let failures = 0; ; ) {
    const before = progress.offset;
    try {
      yield* readOn(place, blob, progress, options);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      budget.spend();
      const { offset } = progress;
      if (offset === blob.size && offset > before) return;
      failures = offset - before >= PROGRESS_BYTES ? 1 : failures + 1;
      if (error instanceof UnusableRangeError) progress.resumable = false;
      const delay = retryDelay(policy, failures);
      if (!isPassing(error) || failures >= policy.tries || !budget.allows(delay)) {
        throw asUserError(error, { place, blob, offset, failures });
      }
      await pause(delay, signal);
    }
  }
}

interface Progress {
  /** Bytes yielded so far. */
  offset: number;
  restarts: number;
  /** Whether requests ask for a range. */
  resumable: boolean;
  /** Time without new bytes. */
  readonly budget: Budget;
}

/** One attempt, from where the previous one ended. */
async function* readOn(
  place: Place,
  blob: Descriptor,
  progress: Progress,
  options: DownloadOptions,
): AsyncIterable<Uint8Array> {
  const { budget } = progress;
  const leftMs = Math.max(budget.leftMs, MIN_ATTEMPT_MS);
  const response = await openBlob(place, blob, progress.resumable ? progress.offset : 0, { ...options, leftMs });
  const start = startOf(response, progress);
  if (start instanceof Error) {
    await response.drop();
    throw start;
  }
  checkLength(response, blob, start);
  let skip = progress.offset - start;
  const guard = new ThroughputGuard(options.minimumBytesPerSecond, leftMs);
  let received = 0;
  for await (const chunk of guard.watch(response.body)) {
    options.signal?.throwIfAborted();
    const part = chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.byteLength);
    if (part.byteLength === 0) continue;
    progress.offset += part.byteLength;
    received += part.byteLength;
    if (received >= PROGRESS_BYTES) budget.renew();
    else budget.spend();
    yield part;
    await options.rateLimit?.pass(part.byteLength, options.signal);
    budget.move();
  }
  if (progress.offset < blob.size) throw new CutShortError();
}

/** A 206 whose `Content-Range` is not the requested range. */
class UnusableRangeError extends Error {
  override readonly message = 'the registry answered with another range than it was asked for';
}

class RestartLimitError extends Error {
  override readonly message =
    `the connection keeps breaking and the registry does not resume (restarted ${MAX_RESTARTS} times)`;
}

/** A body that ended early without an error. */
class CutShortError extends Error {}

/** A refused storage link may have expired: the registry gives a new one. */
function isPassing(error: unknown): boolean {
  if (error instanceof RegistryRefusedError) return error.redirected && (error.status === 400 || error.status === 403);
  if (error instanceof UnusableRangeError || error instanceof CutShortError) return true;
  // an error for users comes from the request, which was repeated already
  return !(error instanceof ShaleError) && describeFailure(error).retriable;
}

function asUserError(
  error: unknown,
  { place, blob, offset, failures }: { place: Place; blob: Descriptor; offset: number; failures: number },
): Error {
  if (error instanceof CutShortError) return new SizeMismatchError(blob, offset);
  return place.host.unreachable(error, { method: 'GET', target: blobRequest(place, blob.digest).target }, failures);
}

async function openBlob(
  place: Place,
  blob: Descriptor,
  offset: number,
  { signal, leftMs }: DownloadOptions & { readonly leftMs: number },
): Promise<TransportResponse> {
  const response = await place.host.request({
    ...blobRequest(place, blob.digest),
    method: 'GET',
    headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
    accept: [200, 206, 404, 416],
    bulk: true,
    budgetMs: leftMs,
    signal,
  });
  if (response.status === 404) {
    await response.drop();
    throw new BlobMissingError(blob.digest, `${place.host.endpoint.registry}/${place.repository}`);
  }
  if (response.status === 416) {
    await response.drop();
    throw new SizeMismatchError(blob, offset);
  }
  const encodings = response.headers('content-encoding').flatMap((value) => value.split(','));
  if (encodings.some((encoding) => !['', 'identity'].includes(encoding.trim()))) {
    await response.drop();
    throw new ManifestInvalidError(
      `Blob ${blob.digest} was served with Content-Encoding ${encodings.join(',').slice(0, 60)}`,
    );
  }
  return response;
}

function blobRequest({ repository }: Place, digest: Digest): Pick<HostRequest, 'target' | 'repository' | 'scopes'> {
  return { target: `${repository}/blobs/${digest}`, repository, scopes: [pullScope(repository)] };
}

/** The offset at which the body starts: the requested one, or 0, which is accepted a few times. */
function startOf(response: TransportResponse, progress: Progress): number | Error {
  if (response.status === 206) {
    const range = /^bytes (\d{1,16})-\d{1,16}\/(?:\d{1,16}|\*)$/.exec(response.header('content-range') ?? '');
    return range !== null && Number(range[1]) === progress.offset ? progress.offset : new UnusableRangeError();
  }
  if (progress.offset === 0) return 0;
  progress.restarts += 1;
  return progress.restarts > MAX_RESTARTS ? new RestartLimitError() : 0;
}

/** Refuses a wrong `Content-Length` before reading the body. */
function checkLength(response: TransportResponse, blob: Descriptor, start: number): void {
  const length = response.header('content-length');
  if (length === undefined || Number(length) === blob.size - start) return;
  void response.drop();
  throw new SizeMismatchError(blob, start + Number(length));
}

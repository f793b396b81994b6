import type { BlobContent, Descriptor, PutBlobOptions } from '@shale/core';
import { verifyBlob } from '@shale/core';
import { statBlob } from './blobs.ts';
import { Budget } from './budget.ts';
import { ContentCursor } from './content-cursor.ts';
import { locationOf } from './location.ts';
import type { Place } from './manifests.ts';
import { describeFailure } from './network-failure.ts';
import { MIN_ATTEMPT_MS } from './patience.ts';
import { RegistryRefusedError, RegistryUnreachableError } from './registry-error.ts';
import type { HostRequest } from './registry-host.ts';
import { isRetriedStatus, pause, type RetryPolicy, retryDelay } from './retry.ts';
import { requireDigest } from './require-digest.ts';
import type { RequestBody, TransportResponse } from './transport.ts';
import { type GuardedBody, guardedBody } from './upload-body.ts';
import {
  askOffset,
  cancelSession,
  mountOrOpen,
  openSession,
  receivedBytes,
  sessionRequest,
  type UploadSession,
} from './upload-session.ts';

export interface UploadOptions extends PutBlobOptions {
  readonly policy: RetryPolicy;
  /** Uploads in parts of this size; in one request when `undefined`. */
  readonly chunkBytes: number | undefined;
  readonly idleTimeoutMs: number;
  /** How long the registry may take to store what it received, in milliseconds. @default depends on the size */
  readonly commitTimeoutMs: number | undefined;
}

interface Upload {
  readonly place: Place;
  readonly blob: Descriptor;
  readonly content: BlobContent;
  readonly options: UploadOptions;
  /** Time without new bytes at the registry. */
  readonly budget: Budget;
}

/** Below the limits of common proxies (100 MB). */
const CHUNK_BYTES_BEHIND_PROXY = 64 * 1024 * 1024;
const BASE_COMMIT_MS = 30_000;
/** 64 MiB a second: what a registry copies at when it stores an upload. */
const STORED_BYTES_PER_MS = (64 * 1024 * 1024) / 1000;

/** Puts a blob that is known to be absent: mounts it if possible, else uploads it. */
export async function uploadBlob(
  place: Place,
  blob: Descriptor,
  content: BlobContent,
  options: UploadOptions,
): Promise<void> {
  const { policy, signal } = options;
  const budget = new Budget(policy.budgetMs);
  const upload = { place, blob, content, options, budget };
  let chunkBytes = options.chunkBytes;
  let session = await mountOrOpen(place, blob, options);
  for (let failures = 1; ; failures += 1) {
    if (session === 'mounted') return options.onBytes?.(blob.size);
    try {
      return await (chunkBytes === undefined ? putWhole(upload, session) : putChunks(upload, session, chunkBytes));
    } catch (error) {
      budget.spend();
      const other = otherWay(error, chunkBytes);
      const delay = retryDelay(policy, failures);
      const mayRepeat = failures < policy.tries && budget.allows(delay) && (other !== undefined || isPassing(error));
      if (signal?.aborted === true || !mayRepeat) {
        await cancelSession(place, session);
        signal?.throwIfAborted();
        throw error;
      }
      if (other !== undefined) chunkBytes = other.chunkBytes;
      else await pause(delay, signal);
      const budgetMs = budget.leftMs;
      // A commit may have succeeded although its answer was lost or late.
      if ((await statBlob(place, blob.digest, { signal, budgetMs })) === blob.size) return options.onBytes?.(blob.size);
      session = await openSession(place, { signal, budgetMs });
    }
  }
}

/** A proxy may limit the size of a request, or a registry may not accept parts. */
function otherWay(error: unknown, chunkBytes: number | undefined): Pick<UploadOptions, 'chunkBytes'> | undefined {
  if (!(error instanceof RegistryRefusedError)) return undefined;
  if (chunkBytes === undefined) return error.status === 413 ? { chunkBytes: CHUNK_BYTES_BEHIND_PROXY } : undefined;
  const withoutParts = error.method === 'PATCH' && [400, 405, 415, 501].includes(error.status);
  return withoutParts ? { chunkBytes: undefined } : undefined;
}

/** Codes with which a registry says that it received other bytes, or none. */
const LOST_UPLOAD: ReadonlySet<string> = new Set([
  'BLOB_UPLOAD_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'DIGEST_INVALID',
  'SIZE_INVALID',
]);

/** A new session helps after a lost session (404) and a lost answer. */
function isPassing(error: unknown): boolean {
  if (error instanceof RegistryRefusedError) {
    if (error.replies.some(({ code }) => LOST_UPLOAD.has(code))) return true;
    return error.status === 404 || error.status === 416 || isRetriedStatus(error.status);
  }
  return error instanceof RegistryUnreachableError && describeFailure(error.cause).retriable;
}

/** One PUT with all bytes. */
async function putWhole(upload: Upload, session: UploadSession): Promise<void> {
  const { blob, content } = upload;
  await commit(upload, session, bodyFor(upload, { size: blob.size, open: () => verifyBlob(blob, content()) }));
}

function bodyFor({ options, budget }: Upload, body: RequestBody, offset = 0): GuardedBody {
  const onBytes = (bytes: number) => {
    budget.move();
    options.onBytes?.(offset + bytes);
  };
  return guardedBody(body, { idleTimeoutMs: Math.min(options.idleTimeoutMs, answerTimeout(budget)), onBytes });
}

/** What a registry may need to store this many bytes, in milliseconds. */
function storingTime(bytes: number): number {
  return BASE_COMMIT_MS + bytes / STORED_BYTES_PER_MS;
}

/** The time for an answer: after failures only what is left. */
function answerTimeout(budget: Budget, wishedMs: number = Number.POSITIVE_INFINITY): number {
  return budget.spentMs === 0 ? wishedMs : Math.min(wishedMs, Math.max(budget.leftMs, MIN_ATTEMPT_MS));
}

/** Sends PATCH after PATCH, each from the offset that the registry reports, then a PUT without bytes. */
async function putChunks(upload: Upload, session: UploadSession, wishedBytes: number): Promise<void> {
  const { place, blob, content, options, budget } = upload;
  const chunkBytes = Math.max(wishedBytes, session.minimumChunkBytes);
  await using cursor = new ContentCursor(() => verifyBlob(blob, content()));
  let failures = 0;
  for (let offset = 0; offset < blob.size; ) {
    try {
      await cursor.seek(offset);
      const size = Math.min(chunkBytes, blob.size - offset);
      const reached = await putChunk(upload, session, { offset, size, open: () => cursor.take(size) });
      if (reached <= offset) return await putWhole(upload, await openSession(place, options));
      offset = reached;
      failures = 0;
      budget.renew();
    } catch (error) {
      options.signal?.throwIfAborted();
      budget.spend();
      failures += 1;
      const delay = retryDelay(options.policy, failures);
      if (!isPassing(error) || failures >= options.policy.tries || !budget.allows(delay)) throw error;
      await pause(delay, options.signal);
      offset = await askOffset(place, session, { signal: options.signal, budgetMs: budget.leftMs });
    }
  }
  await cursor.finish();
  await commit(upload, session);
}

interface Chunk {
  readonly offset: number;
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** @returns The offset that the registry reports. */
async function putChunk(upload: Upload, session: UploadSession, { offset, size, open }: Chunk): Promise<number> {
  const { place, options } = upload;
  const response = await send(upload, {
    method: 'PATCH',
    target: session.url,
    headers: { 'content-range': `${offset}-${offset + size - 1}` },
    body: bodyFor(upload, { size, open }, offset),
    storedBytes: size,
    accept: [201, 202, 204, 416],
  });
  if (response.status === 416) return askOffset(place, session, options);
  session.url = locationOf(response);
  return receivedBytes(response) ?? offset + size;
}

async function commit(upload: Upload, session: UploadSession, body?: GuardedBody): Promise<void> {
  const target = new URL(session.url);
  target.search = `${target.search === '' ? '?' : `${target.search}&`}digest=${encodeURIComponent(upload.blob.digest)}`;
  const storedBytes = upload.blob.size;
  const response = await send(upload, { method: 'PUT', target, body, storedBytes, accept: [200, 201, 202, 204] });
  requireDigest(response, { method: 'PUT', digest: upload.blob.digest });
}

interface SendRequest extends Pick<HostRequest, 'method' | 'headers' | 'accept'> {
  readonly target: URL;
  readonly body?: GuardedBody | undefined;
  /** What the registry has to store before it answers. */
  readonly storedBytes: number;
}

/** Not repeated by itself: how much of the first try arrived is unknown. */
async function send({ place, options, budget }: Upload, request: SendRequest): Promise<TransportResponse> {
  const { body, headers } = request;
  const signals = [options.signal, body?.stalled].filter((signal) => signal !== undefined);
  try {
    const response = await place.host.request({
      ...sessionRequest(place, request.target, { signal: AbortSignal.any(signals) }),
      ...request,
      headers: { 'content-type': 'application/octet-stream', ...headers },
      bulk: true,
      tries: 1,
      answerTimeoutMs: answerTimeout(budget, options.commitTimeoutMs ?? storingTime(request.storedBytes)),
    });
    await response.drop();
    return response;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (body?.stalled.aborted === true) throw place.host.unreachable(body.stalled.reason, request, 1);
    throw body?.failure() ?? error;
  }
}

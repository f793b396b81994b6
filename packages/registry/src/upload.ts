import type { BlobContent, CallOptions, Descriptor, PutBlobOptions } from '@shale/core';
import { verifyBlob } from '@shale/core';
import { statBlob } from './blobs.ts';
import { ContentCursor } from './content-cursor.ts';
import { locationOf } from './location.ts';
import { type Place, pullScope, pushScope } from './manifests.ts';
import { describeFailure } from './network-failure.ts';
import { RegistryRefusedError, RegistryUnreachableError } from './registry-error.ts';
import type { HostRequest } from './registry-host.ts';
import { isRetriedStatus, pause, type RetryPolicy, retryDelay } from './retry.ts';
import type { TransportResponse } from './transport.ts';
import { type GuardedBody, guardedBody } from './upload-body.ts';

export interface UploadOptions extends PutBlobOptions {
  readonly policy: RetryPolicy;
  /** Uploads in parts of this size; in one request when `undefined`. */
  readonly chunkBytes: number | undefined;
  readonly idleTimeoutMs: number;
  /** How long the registry may take to take in what it received. */
  readonly commitTimeoutMs: number;
}

const MAX_MOUNTS = 4;
/** Below the limits of common proxies (100 MB). */
const CHUNK_BYTES_BEHIND_PROXY = 64 * 1024 * 1024;
const CANCEL_TIMEOUT_MS = 2000;

/** Puts a blob that is known to be absent: by a mount where one works, else by its bytes. */
export async function uploadBlob(
  place: Place,
  blob: Descriptor,
  content: BlobContent,
  options: UploadOptions,
): Promise<void> {
  const { policy, signal } = options;
  let chunkBytes = options.chunkBytes;
  let session = await startSession(place, blob, options);
  for (let failures = 1; ; failures += 1) {
    if (session === 'mounted') return options.onBytes?.(blob.size);
    const upload: Upload = { place, blob, content, session, options };
    try {
      return await (chunkBytes === undefined ? putWhole(upload) : putChunks(upload, chunkBytes));
    } catch (error) {
      const other = otherWay(error, chunkBytes);
      if (signal?.aborted === true || failures >= policy.tries || (other === undefined && !isPassing(error))) {
        await cancelSession(upload);
        signal?.throwIfAborted();
        throw error;
      }
      if (other !== undefined) chunkBytes = other.chunkBytes;
      else await pause(retryDelay(policy, failures), signal);
      // A commit whose answer was lost, or came too late, may have been done all the same.
      if ((await statBlob(place, blob.digest, { signal })) === blob.size) return options.onBytes?.(blob.size);
      session = await openSession(place, { signal });
    }
  }
}

/** A proxy may limit the size of a request, and a registry may not take parts. */
function otherWay(error: unknown, chunkBytes: number | undefined): Pick<UploadOptions, 'chunkBytes'> | undefined {
  if (!(error instanceof RegistryRefusedError)) return undefined;
  if (chunkBytes === undefined) return error.status === 413 ? { chunkBytes: CHUNK_BYTES_BEHIND_PROXY } : undefined;
  const withoutParts = error.method === 'PATCH' && [400, 405, 415, 501].includes(error.status);
  return withoutParts ? { chunkBytes: undefined } : undefined;
}

interface Upload {
  readonly place: Place;
  readonly blob: Descriptor;
  readonly content: BlobContent;
  readonly session: Session;
  readonly options: UploadOptions;
}

interface Session {
  /** The latest Location. */
  url: URL;
  /** The smallest part that the registry takes. */
  readonly minimumChunkBytes: number;
}

async function startSession(place: Place, blob: Descriptor, options: UploadOptions): Promise<Session | 'mounted'> {
  const sources = (options.mountFrom ?? []).filter((source) => source !== place.repository);
  for (const from of sources.slice(0, MAX_MOUNTS)) {
    const opened = await mount(place, { blob, from, options });
    if (opened !== undefined) return opened;
  }
  return openSession(place, options);
}

/** @returns an open session where the registry does not find the blob there; `undefined` where it refuses to try. */
async function mount(
  place: Place,
  { blob, from, options }: { blob: Descriptor; from: string; options: CallOptions },
): Promise<Session | 'mounted' | undefined> {
  const query = new URLSearchParams({ mount: blob.digest, from });
  const scopes = [pushScope(place.repository), pullScope(from)];
  try {
    const response = await place.host.request({
      ...sessionRequest(place, `${place.repository}/blobs/uploads/?${query}`, options),
      method: 'POST',
      scopes,
      accept: [201, 202],
    });
    await response.drop();
    return response.status === 201 ? 'mounted' : sessionOf(response);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof RegistryUnreachableError) throw error;
    return undefined;
  }
}

async function openSession(place: Place, options: CallOptions): Promise<Session> {
  const response = await place.host.request({
    ...sessionRequest(place, `${place.repository}/blobs/uploads/`, options),
    method: 'POST',
    accept: [202],
  });
  await response.drop();
  return sessionOf(response);
}

function sessionOf(response: TransportResponse): Session {
  const minimum = Number(response.header('oci-chunk-min-length') ?? 0);
  return { url: locationOf(response), minimumChunkBytes: Number.isSafeInteger(minimum) ? minimum : 0 };
}

/** One PUT with all bytes. */
async function putWhole({ place, blob, content, session, options }: Upload): Promise<void> {
  const body = guardedBody(
    { size: blob.size, open: () => verifyBlob(blob, content()) },
    { idleTimeoutMs: options.idleTimeoutMs, onBytes: options.onBytes },
  );
  await send(
    { place, options },
    { method: 'PUT', target: withDigest(session.url, blob), body, accept: [200, 201, 202, 204] },
  );
}

/** PATCH after PATCH, each going on where the registry says it is, then a PUT without bytes. */
async function putChunks(upload: Upload, wishedBytes: number): Promise<void> {
  const { place, blob, content, session, options } = upload;
  const chunkBytes = Math.max(wishedBytes, session.minimumChunkBytes);
  await using cursor = new ContentCursor(() => verifyBlob(blob, content()));
  let offset = 0;
  let failures = 0;
  while (offset < blob.size) {
    const start = offset;
    const size = Math.min(chunkBytes, blob.size - start);
    try {
      await cursor.seek(start);
      const onBytes = options.onBytes && ((sent: number) => options.onBytes?.(start + sent));
      const body = guardedBody(
        { size, open: () => cursor.take(size) },
        { idleTimeoutMs: options.idleTimeoutMs, onBytes },
      );
      const headers = { 'content-type': 'application/octet-stream', 'content-range': `${start}-${start + size - 1}` };
      const response = await send(
        { place, options },
        { method: 'PATCH', target: session.url, headers, body, accept: [201, 202, 204, 416] },
      );
      if (response.status !== 416) session.url = locationOf(response);
      const reached = response.status === 416 ? await askOffset(upload) : (receivedBytes(response) ?? start + size);
      if (reached <= start) return await putWhole({ ...upload, session: await openSession(place, options) });
      offset = reached;
      failures = 0;
    } catch (error) {
      options.signal?.throwIfAborted();
      failures += 1;
      if (!isPassing(error) || failures >= options.policy.tries) throw error;
      await pause(retryDelay(options.policy, failures), options.signal);
      offset = await askOffset(upload);
    }
  }
  await cursor.finish();
  await send(
    { place, options },
    { method: 'PUT', target: withDigest(session.url, blob), accept: [200, 201, 202, 204] },
  );
}

/** What of the upload has arrived: the answer to a PATCH may be lost after its bytes were taken. */
async function askOffset(upload: Upload): Promise<number> {
  const { place, options, session } = upload;
  const response = await place.host.request({
    ...sessionRequest(place, session.url, options),
    method: 'GET',
    accept: [200, 202, 204],
  });
  await response.drop();
  if (response.header('location') !== undefined) session.url = locationOf(response);
  return receivedBytes(response) ?? 0;
}

/** `Range: 0-99` means 100 bytes; distribution says `0-0` for none at all. */
function receivedBytes(response: TransportResponse): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,16})$/.exec(response.header('range') ?? '') ?? [];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

function withDigest(session: URL, { digest }: Descriptor): URL {
  const url = new URL(session);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

interface Sending {
  readonly place: Place;
  readonly options: UploadOptions;
}

/** Never repeated blindly: what arrived of the first try is not known. */
async function send(
  { place, options }: Sending,
  wish: {
    method: 'PUT' | 'PATCH';
    target: URL;
    accept: readonly number[];
    headers?: Record<string, string>;
    body?: GuardedBody;
  },
): Promise<TransportResponse> {
  const stalled = wish.body?.stalled;
  const signals = [options.signal, stalled].filter((signal) => signal !== undefined);
  try {
    const response = await place.host.request({
      ...sessionRequest(place, wish.target, { signal: AbortSignal.any(signals) }),
      headers: { 'content-type': 'application/octet-stream' },
      ...wish,
      bulk: true,
      tries: 1,
      answerTimeoutMs: options.commitTimeoutMs,
    });
    await response.drop();
    return response;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (stalled?.aborted === true) throw place.host.unreachable(stalled.reason, wish, 1);
    throw wish.body?.failure() ?? error;
  }
}

function sessionRequest(
  { repository }: Place,
  target: string | URL,
  { signal }: CallOptions,
): Pick<HostRequest, 'target' | 'repository' | 'scopes' | 'signal'> {
  return { target, repository, scopes: [pushScope(repository)], signal };
}

/** Tells the registry to forget what it has; a registry that does not answer forgets by itself. */
async function cancelSession({ place, session }: Upload): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
  const request = { ...sessionRequest(place, session.url, { signal }), method: 'DELETE' as const, tries: 1 };
  await place.host.request({ ...request, accept: [200, 202, 204, 404] }).then(
    (response) => response.drop(),
    () => undefined,
  );
}

/** With these a registry says that it has other bytes than were sent, or none. */
const LOST_UPLOAD: ReadonlySet<string> = new Set([
  'BLOB_UPLOAD_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'DIGEST_INVALID',
  'SIZE_INVALID',
]);

/** A lost session (404) and a lost answer are overcome with a new session. */
function isPassing(error: unknown): boolean {
  if (error instanceof RegistryRefusedError) {
    if (error.replies.some(({ code }) => LOST_UPLOAD.has(code))) return true;
    return error.status === 404 || error.status === 416 || isRetriedStatus(error.status);
  }
  return error instanceof RegistryUnreachableError && describeFailure(error.cause).retriable;
}

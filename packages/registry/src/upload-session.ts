import type { CallOptions, Descriptor } from '@shale/core';
import { locationOf } from './location.ts';
import { type Place, pullScope, pushScope } from './manifests.ts';
import { RegistryUnreachableError } from './registry-error.ts';
import type { HostRequest } from './registry-host.ts';
import type { TransportResponse } from './transport.ts';

/** An upload that the registry has opened. */
export interface UploadSession {
  /** The latest Location. */
  url: URL;
  /** The smallest part that the registry accepts, in bytes. */
  readonly minimumChunkBytes: number;
}

export interface SessionOptions extends CallOptions, Pick<HostRequest, 'budgetMs'> {}

export interface MountOptions extends CallOptions {
  readonly mountFrom?: readonly string[] | undefined;
}

const MAX_MOUNTS = 4;
const CANCEL_TIMEOUT_MS = 2000;

/** Mounts the blob from the first repository that has it, or opens a session to send it. */
export async function mountOrOpen(
  place: Place,
  blob: Descriptor,
  options: MountOptions,
): Promise<UploadSession | 'mounted'> {
  const sources = new Set((options.mountFrom ?? []).filter((source) => source !== place.repository));
  let opened: UploadSession | undefined;
  for (const from of [...sources].slice(0, MAX_MOUNTS)) {
    const answer = await mount(place, { blob, from, options });
    if (answer === undefined) continue;
    if (opened) await cancelSession(place, opened);
    if (answer === 'mounted') return answer;
    opened = answer;
  }
  return opened ?? openSession(place, options);
}

/** @returns An open session when the registry does not find the blob there; `undefined` when it refuses to mount. */
async function mount(
  place: Place,
  { blob, from, options }: { blob: Descriptor; from: string; options: CallOptions },
): Promise<UploadSession | 'mounted' | undefined> {
  const query = new URLSearchParams({ mount: blob.digest, from });
  try {
    const response = await place.host.request({
      ...sessionRequest(place, `${place.repository}/blobs/uploads/?${query}`, options),
      method: 'POST',
      scopes: [pushScope(place.repository), pullScope(from)],
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

export async function openSession(place: Place, options: SessionOptions): Promise<UploadSession> {
  const response = await place.host.request({
    ...sessionRequest(place, `${place.repository}/blobs/uploads/`, options),
    method: 'POST',
    accept: [202],
  });
  await response.drop();
  return sessionOf(response);
}

function sessionOf(response: TransportResponse): UploadSession {
  const minimum = Number(response.header('oci-chunk-min-length') ?? 0);
  return { url: locationOf(response), minimumChunkBytes: Number.isSafeInteger(minimum) ? minimum : 0 };
}

/** Asks how much has arrived: the answer to a PATCH may be lost although its bytes arrived. */
export async function askOffset(place: Place, session: UploadSession, options: SessionOptions): Promise<number> {
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
export function receivedBytes(response: TransportResponse): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,16})$/.exec(response.header('range') ?? '') ?? [];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

/** Cancels the upload. Failures are ignored: registries remove old uploads themselves. */
export async function cancelSession(place: Place, session: UploadSession): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
  const request = { ...sessionRequest(place, session.url, { signal }), method: 'DELETE' as const, tries: 1 };
  await place.host.request({ ...request, accept: [200, 202, 204, 404] }).then(
    (response) => response.drop(),
    () => undefined,
  );
}

export function sessionRequest(
  { repository }: Place,
  target: string | URL,
  { signal, budgetMs }: SessionOptions,
): Pick<HostRequest, 'target' | 'repository' | 'scopes' | 'budgetMs' | 'signal'> {
  return { target, repository, scopes: [pushScope(repository)], budgetMs, signal };
}

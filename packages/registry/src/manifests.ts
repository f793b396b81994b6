import { createHash } from 'node:crypto';
import type { CallOptions, Descriptor, Digest, RawManifest } from '@shale/core';
import {
  digestAlgorithm,
  DigestMismatchError,
  isDigest,
  ManifestInvalidError,
  MAX_MANIFEST_BYTES,
  MediaType,
  ReferenceInvalidError,
} from '@shale/core';
import { asArray, asObject, asString, parseJson } from '@shale/core/json';
import { requireDigest } from './require-digest.ts';
import { readLimited } from './read-limited.ts';
import { printable, RegistryRefusedError } from './registry-error.ts';
import type { RegistryHost } from './registry-host.ts';
import { bodyOf } from './token.ts';
import type { TransportResponse } from './transport.ts';

/** A repository as one host knows it. */
export interface Place {
  readonly host: RegistryHost;
  /** With the path prefix of the mirror, if it has one. */
  readonly repository: string;
  /** Tries of one request. @default those of the host's policy */
  readonly tries?: number | undefined;
}

const ACCEPT = [
  MediaType.ociManifest,
  MediaType.ociIndex,
  MediaType.dockerManifest,
  MediaType.dockerManifestList,
  '*/*;q=0.1',
].join(', ');
/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
const TAG = /^\w[\w.-]{0,127}$/;
const PAGE_ENTRIES = 1000;
const MAX_PAGES = 1000;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const VAGUE_TYPES: ReadonlySet<string> = new Set(['', 'application/json', 'application/octet-stream', 'text/plain']);

export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

export function pushScope(repository: string): string {
  return `repository:${repository}:pull,push`;
}

export async function getManifest(place: Place, name: string, options?: CallOptions): Promise<RawManifest | undefined> {
  const response = await request(place, 'GET', { name, accept: [200, 404], options });
  if (response.status === 404) return absent(response);
  const bytes = await readLimited(response, MAX_MANIFEST_BYTES);
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ManifestInvalidError(`The manifest ${name} is larger than ${MAX_MANIFEST_BYTES} bytes`);
  }
  const digest = verifiedDigest(bytes, name, response.header('docker-content-digest'));
  return { mediaType: mediaTypeOf(response, bytes), digest, bytes };
}

/** Sends a HEAD, and reads the manifest when the answer lacks its type, digest or size. */
export async function headManifest(place: Place, name: string, options?: CallOptions): Promise<Descriptor | undefined> {
  const response = await request(place, 'HEAD', { name, accept: [200, 404, 400, 405], options });
  await response.drop();
  if (response.status === 404) return undefined;
  const digest = response.header('docker-content-digest');
  const size = Number(response.header('content-length') ?? Number.NaN);
  const mediaType = contentType(response);
  if (
    response.status === 200 &&
    isDigest(digest) &&
    Number.isSafeInteger(size) &&
    size > 0 &&
    !VAGUE_TYPES.has(mediaType)
  ) {
    if (isDigest(name) && name !== digest) throw new DigestMismatchError(name, digest);
    return { mediaType, digest, size };
  }
  const whole = await getManifest(place, name, options);
  return whole && { mediaType: whole.mediaType, digest: whole.digest, size: whole.bytes.byteLength };
}

/**
 * @returns The answer, its body dropped; `undefined` when the registry has this manifest and does not let it be overwritten.
 */
export async function putManifest(
  place: Place,
  name: string,
  raw: RawManifest,
  options?: CallOptions,
): Promise<TransportResponse | undefined> {
  const headers = { 'content-type': raw.mediaType };
  const body = bodyOf(raw.bytes);
  try {
    const response = await request(place, 'PUT', { name, accept: [200, 201, 202], options, headers, body });
    await response.drop();
    requireDigest(response, { method: 'PUT', digest: raw.digest });
    return response;
  } catch (error) {
    if (await isThereAlready(place, name, { raw, error, options })) return undefined;
    throw error;
  }
}

/** Registries with immutable tags refuse to write a tag again, which is no failure when it names the same manifest. */
async function isThereAlready(
  place: Place,
  name: string,
  { raw, error, options }: { raw: RawManifest; error: unknown; options: CallOptions | undefined },
): Promise<boolean> {
  if (!(error instanceof RegistryRefusedError) || ![400, 403, 405, 409, 412].includes(error.status)) return false;
  const found = await headManifest(place, name, options).catch(() => undefined);
  return found?.digest === raw.digest;
}

/** A missing manifest counts as deleted. */
export async function deleteManifest(place: Place, digest: Digest, options?: CallOptions): Promise<void> {
  const response = await request(place, 'DELETE', { name: digest, accept: [200, 202, 204, 404], options });
  await response.drop();
}

export async function* listTags({ host, repository }: Place, options?: CallOptions): AsyncIterable<string> {
  let target: string | URL = `${repository}/tags/list?n=${PAGE_ENTRIES}`;
  let last = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const response: TransportResponse = await host.request({
      method: 'GET',
      target,
      repository,
      scopes: [pullScope(repository)],
      accept: [200, 404],
      signal: options?.signal,
    });
    if (response.status === 404) return void (await response.drop());
    yield* parseTags(await readLimited(response, MAX_PAGE_BYTES));
    const next = nextPage(response);
    if (next === undefined || next.href === last) return undefined;
    target = next;
    last = next.href;
  }
  throw new ManifestInvalidError(`${repository} has more than ${MAX_PAGES} pages of tags`);
}

function parseTags(body: Buffer): readonly string[] {
  const fail = (message: string) => new ManifestInvalidError(`The list of tags: ${message}`);
  const tags = asObject(parseJson(body, 'the page', fail), 'the page', fail)['tags'];
  return asArray(tags ?? [], 'tags', fail).map((tag) => asString(tag, 'tags', fail));
}

const NEXT = /<([^<>]{1,4096})>\s*;\s*rel="?next"?/i;

/** Follows a link on the same origin only: a listing gives no reason to contact another host. */
export function nextPage(response: TransportResponse): URL | undefined {
  const link = NEXT.exec(response.header('link') ?? '')?.[1];
  if (link === undefined) return undefined;
  const next = URL.parse(link, response.url);
  if (next?.origin === response.url.origin) return next;
  throw new ManifestInvalidError(`The list of tags goes on at another host: ${printable(link)}`);
}

interface ManifestRequest {
  readonly name: string;
  readonly accept: readonly number[];
  readonly options: CallOptions | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: ReturnType<typeof bodyOf>;
}

async function request(
  { host, repository, tries }: Place,
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE',
  wish: ManifestRequest,
) {
  if (!isDigest(wish.name) && !TAG.test(wish.name)) {
    throw new ReferenceInvalidError(`Neither a tag nor a digest: ${JSON.stringify(wish.name.slice(0, 200))}`);
  }
  const write = method === 'PUT' || method === 'DELETE';
  const scope = write ? pushScope(repository) : pullScope(repository);
  return host.request({
    method,
    target: `${repository}/manifests/${wish.name}`,
    repository,
    scopes: [method === 'DELETE' ? `repository:${repository}:delete,pull,push` : scope],
    accept: wish.accept,
    headers: { accept: ACCEPT, ...wish.headers },
    body: wish.body,
    tries,
    signal: wish.options?.signal,
  });
}

async function absent(response: TransportResponse): Promise<undefined> {
  await response.drop();
}

function contentType(response: TransportResponse): string {
  return (response.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function mediaTypeOf(response: TransportResponse, bytes: Buffer): string {
  const served = contentType(response);
  if (!VAGUE_TYPES.has(served)) return served;
  const fail = (message: string) => new ManifestInvalidError(message);
  const declared = asObject(parseJson(bytes, 'manifest', fail), 'manifest', fail)['mediaType'];
  return typeof declared === 'string' ? declared : served;
}

function verifiedDigest(bytes: Buffer, name: string, claimed: string | undefined): Digest {
  const expected = isDigest(name) ? name : claimed;
  const algorithm = isDigest(expected) ? digestAlgorithm(expected) : 'sha256';
  const actual: Digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (isDigest(expected) && expected !== actual) throw new DigestMismatchError(expected, actual);
  return actual;
}

import type { CallOptions, Descriptor, Digest, ImageIndex, RawManifest } from '@shale/core';
import {
  describeManifest,
  digestAlgorithm,
  digestHex,
  formatManifest,
  isIndex,
  ManifestInvalidError,
  MAX_MANIFEST_BYTES,
  MediaType,
  parseManifest,
} from '@shale/core';
import { getManifest, nextPage, type Place, pullScope, putManifest } from './manifests.ts';
import { readLimited } from './read-limited.ts';
import type { TransportResponse } from './transport.ts';

export interface ReferrersOptions extends CallOptions {
  /** Lists only referrers of this type. @default all */
  readonly artifactType?: string | undefined;
}

const MAX_PAGES = 1000;

/**
 * Lists what refers to a manifest, such as signatures and attestations. Uses the referrers API, and for registries
 * without it the referrers tag.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function* listReferrers(
  place: Place,
  subject: Digest,
  { artifactType, signal }: ReferrersOptions = {},
): AsyncIterable<Descriptor> {
  const matches = (found: Descriptor) => artifactType === undefined || found.artifactType === artifactType;
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  let target: string | URL | undefined = `${place.repository}/referrers/${subject}${query}`;
  for (let page = 0; target !== undefined; page += 1) {
    if (page === MAX_PAGES) throw new ManifestInvalidError(`${subject} has more than ${MAX_PAGES} pages of referrers`);
    const response = await askFor(place, target, signal);
    if (response.status === 404) {
      await response.drop();
      const index = page === 0 ? await fallbackIndex(place, subject, { signal }) : undefined;
      yield* (index?.manifests ?? []).filter(matches);
      return;
    }
    const next = nextPage(response);
    const bytes = await readLimited(response, MAX_MANIFEST_BYTES);
    // a registry may ignore the filter
    yield* indexOf({ mediaType: MediaType.ociIndex, bytes }).manifests.filter(matches);
    target = next;
  }
}

function askFor(place: Place, target: string | URL, signal: AbortSignal | undefined): Promise<TransportResponse> {
  const { host, repository, tries } = place;
  const headers = { accept: MediaType.ociIndex };
  const scopes = [pullScope(repository)];
  return host.request({ method: 'GET', target, repository, scopes, accept: [200, 404], headers, tries, signal });
}

/**
 * Puts a manifest. When it has a `subject`, and the answer does not confirm that (`OCI-Subject`), it is also listed
 * under the referrers tag of the subject.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export async function putWithSubject(
  place: Place,
  name: string,
  raw: RawManifest,
  options?: CallOptions,
): Promise<void> {
  const response = await putManifest(place, name, raw, options);
  const subject = subjectOf(raw);
  if (subject === undefined || response?.header('oci-subject') !== undefined) return;
  const index = await fallbackIndex(place, subject.digest, options);
  const known = index?.manifests ?? [];
  if (known.some(({ digest }) => digest === raw.digest)) return;
  const next = formatManifest({
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [...known, describeReferrer(raw)],
  });
  await putManifest(place, fallbackTag(subject.digest), next, options);
}

/** Avoids parsing: most manifests have no subject. */
function subjectOf(raw: RawManifest): Descriptor | undefined {
  return Buffer.from(raw.bytes).includes('"subject"') ? parseManifest(raw).subject : undefined;
}

function describeReferrer(raw: RawManifest): Descriptor {
  const document = parseManifest(raw);
  const artifactType = isIndex(document) ? undefined : (document.artifactType ?? document.config.mediaType);
  return {
    ...describeManifest(raw),
    ...(artifactType !== undefined && { artifactType }),
    ...(document.annotations && { annotations: document.annotations }),
  };
}

async function fallbackIndex(place: Place, subject: Digest, options?: CallOptions): Promise<ImageIndex | undefined> {
  const raw = await getManifest(place, fallbackTag(subject), options);
  return raw && indexOf(raw);
}

function indexOf(raw: Pick<RawManifest, 'bytes' | 'mediaType'>): ImageIndex {
  const document = parseManifest(raw);
  if (isIndex(document)) return document;
  throw new ManifestInvalidError('The list of referrers is not an index');
}

const MAX_TAG_DIGITS = 64;

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema */
function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, MAX_TAG_DIGITS)}`;
}

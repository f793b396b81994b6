import { expect, it } from 'vitest';
import { sha256 } from './digest.ts';
import { ManifestInvalidError, ManifestUnsupportedError } from './errors.ts';
import { describeManifest, formatManifest, isIndex, MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts';
import type { ImageIndex, Manifest } from './manifest.ts';
import { MediaType } from './media-type.ts';

const descriptor = (mediaType: string) => ({ mediaType, digest: sha256(mediaType), size: 1 });
const manifest: Manifest = {
  schemaVersion: 2,
  mediaType: MediaType.ociManifest,
  config: descriptor(MediaType.ociConfig),
  layers: [descriptor(MediaType.ociLayerGzip)],
  annotations: { a: 'b' },
};
const index: ImageIndex = {
  schemaVersion: 2,
  mediaType: MediaType.ociIndex,
  manifests: [descriptor(MediaType.ociManifest)],
};

const raw = (document: unknown, mediaType: string = MediaType.ociManifest) => ({
  mediaType,
  bytes: Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)),
});

it('parseManifest() reads back what formatManifest() wrote', () => {
  expect(parseManifest(formatManifest(manifest))).toEqual(manifest);
  expect(parseManifest(formatManifest(index))).toEqual(index);
  expect(isIndex(parseManifest(formatManifest(index)))).toBe(true);
  const full = { ...manifest, artifactType: 'a/b', subject: descriptor(MediaType.ociManifest) };
  expect(parseManifest(formatManifest(full))).toEqual(full);
});

it('parseManifest() takes the media type from outside where the document has none', () => {
  const { mediaType: _, ...bare } = manifest;
  expect(parseManifest(raw(bare, MediaType.dockerManifest)).mediaType).toBe(MediaType.dockerManifest);
});

it('describeManifest() names the very bytes', () => {
  const formatted = formatManifest(manifest);
  expect(describeManifest(formatted)).toEqual({
    mediaType: MediaType.ociManifest,
    digest: sha256(formatted.bytes),
    size: formatted.bytes.byteLength,
  });
});

it('parseManifest() refuses a document that is a manifest and an index at once (CVE-2021-41190)', () => {
  for (const mixed of [
    { ...manifest, manifests: [] },
    { ...index, layers: [] },
    { ...index, config: manifest.config },
  ]) {
    expect(() => parseManifest(raw(mixed, mixed.mediaType))).toThrow(ManifestInvalidError);
  }
});

it('parseManifest() refuses an index that is served as a manifest', () => {
  expect(() => parseManifest(raw(index, MediaType.dockerManifest))).toThrow('was served as');
});

it('parseManifest() refuses a manifest that is too large', () => {
  expect(() => parseManifest(raw(' '.repeat(MAX_MANIFEST_BYTES + 1)))).toThrow('larger than');
});

it.each([
  ['schema 1', { schemaVersion: 1 }, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
  ['an unknown type', { schemaVersion: 2, mediaType: 'a/b' }, 'a/b'],
])('parseManifest() does not support %s', (_, document, mediaType) => {
  expect(() => parseManifest(raw(document, mediaType))).toThrow(ManifestUnsupportedError);
});

it.each([
  ['[]', 'manifest must be an object'],
  ['{', 'manifest is not JSON'],
  [JSON.stringify({ ...manifest, config: null }), 'config must be an object, not null'],
  [JSON.stringify({ ...manifest, layers: {} }), 'layers must be an array'],
  [JSON.stringify({ ...manifest, layers: [null] }), 'layers[0] must be an object, not null'],
  [JSON.stringify({ ...manifest, annotations: { a: 1 } }), 'annotations.a must be a string'],
])('parseManifest() refuses %s', (text, message) => {
  expect(() => parseManifest(raw(text))).toThrow(message);
});

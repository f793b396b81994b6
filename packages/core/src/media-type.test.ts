import { expect, it } from 'vitest';
import { isForeignLayerType, isIndexType, isManifestType, MediaType } from './media-type.ts';

it('isIndexType() and isManifestType() tell the kinds apart, whoever made them', () => {
  const { ociIndex, dockerManifestList, ociManifest, dockerManifest } = MediaType;
  expect([ociIndex, dockerManifestList, ociManifest, dockerManifest].map(isIndexType)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([ociIndex, dockerManifestList, ociManifest, dockerManifest].map(isManifestType)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

it('isForeignLayerType() finds layers that may not be passed on', () => {
  expect(isForeignLayerType(MediaType.dockerForeignLayerGzip)).toBe(true);
  expect(isForeignLayerType('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip')).toBe(true);
  expect(isForeignLayerType(MediaType.ociLayerGzip)).toBe(false);
});

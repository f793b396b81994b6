import { expect, it } from 'vitest';
import type { BlobSource } from './blob-store.ts';
import { sha256 } from './digest.ts';
import { ManifestInvalidError, PlatformMissingError } from './errors.ts';
import { formatImageConfig } from './image-config.ts';
import { loadImage } from './load-image.ts';
import type { ImageIndex, Manifest } from './manifest.ts';
import { describeManifest, formatManifest } from './manifest.ts';
import type { ManifestSource, RawManifest } from './manifest-store.ts';
import { MediaType } from './media-type.ts';
import type { Platform } from './platform.ts';

const linux = (architecture: string): Platform => ({ os: 'linux', architecture });
const origin = { source: 'test', name: 'app' };

/** A store in memory: the only thing here that is not the real one. */
class Shelf implements ManifestSource, BlobSource {
  readonly manifests = new Map<string, RawManifest>();
  readonly blobs = new Map<string, Uint8Array>();

  async getManifest(name: string): Promise<RawManifest | undefined> {
    return this.manifests.get(name);
  }

  async headManifest(name: string) {
    const found = this.manifests.get(name);
    return found && describeManifest(found);
  }

  async stat(digest: string): Promise<number | undefined> {
    return this.blobs.get(digest)?.byteLength;
  }

  async *read({ digest }: { digest: string }): AsyncIterable<Uint8Array> {
    yield this.blobs.get(digest) ?? new Uint8Array();
  }

  put(document: Manifest | ImageIndex, tag?: string): RawManifest {
    const raw = formatManifest(document);
    this.manifests.set(raw.digest, raw);
    if (tag !== undefined) this.manifests.set(tag, raw);
    return raw;
  }

  image({
    architecture = 'amd64',
    diffIds = 1,
    layers = 1,
    layerType = MediaType.ociLayerGzip,
  }: {
    architecture?: string;
    diffIds?: number;
    layers?: number;
    layerType?: string;
  } = {}): RawManifest {
    const bytes = formatImageConfig({
      ...linux(architecture),
      config: {},
      rootfs: { type: 'layers', diff_ids: Array.from({ length: diffIds }, (_, at) => sha256(`diff ${at}`)) },
      history: [],
    });
    const config = { mediaType: MediaType.ociConfig, digest: sha256(bytes), size: bytes.byteLength };
    this.blobs.set(config.digest, bytes);
    return this.put({
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config,
      layers: Array.from({ length: layers }, (_, at) => ({
        mediaType: layerType,
        digest: sha256(`layer ${at}`),
        size: 5,
      })),
    });
  }

  index(entries: readonly { raw: RawManifest; platform?: Platform }[], tag?: string): RawManifest {
    const manifests = entries.map(({ raw, platform }) => ({ ...describeManifest(raw), ...(platform && { platform }) }));
    return this.put({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }, tag);
  }
}

const load = (shelf: Shelf, name: string, platform = linux('amd64')) => loadImage(shelf, name, { platform, origin });

it('loadImage() joins manifest, config and DiffIDs, and reads no layer', async () => {
  const shelf = new Shelf();
  const raw = shelf.image({ diffIds: 2, layers: 2 });
  const image = await load(shelf, raw.digest);
  expect(image?.layers.map(({ diffId }) => diffId)).toEqual([sha256('diff 0'), sha256('diff 1')]);
  expect(image).toMatchObject({ manifest: raw, origin, blobs: shelf, config: { architecture: 'amd64' } });
  expect(await load(shelf, 'absent')).toBeUndefined();
});

it('loadImage() chooses the platform, also through nested indexes', async () => {
  const shelf = new Shelf();
  const [amd, arm] = [shelf.image(), shelf.image({ architecture: 'arm64' })];
  const inner = shelf.index([
    { raw: arm, platform: { ...linux('arm64'), variant: 'v8' } },
    { raw: amd, platform: linux('amd64') },
  ]);
  shelf.index([{ raw: inner }], 'nested');
  expect((await load(shelf, 'nested', linux('arm64')))?.manifest).toEqual(arm);
  expect((await load(shelf, 'nested'))?.manifest).toEqual(amd);
});

it('loadImage() lists the platforms that there are', async () => {
  const shelf = new Shelf();
  const raw = shelf.image();
  shelf.index(
    [
      { raw, platform: linux('s390x') },
      { raw, platform: { os: 'unknown', architecture: 'unknown' } },
    ],
    'other',
  );
  await expect(load(shelf, 'other')).rejects.toThrow(PlatformMissingError);
  await expect(load(shelf, 'other')).rejects.toThrow('No image for linux/amd64; there is linux/s390x');
});

it('loadImage() refuses another number of layers than of diff_ids', async () => {
  const shelf = new Shelf();
  await expect(load(shelf, shelf.image({ diffIds: 3, layers: 2 }).digest)).rejects.toThrow(ManifestInvalidError);
});

it('loadImage() refuses a layer that may not be redistributed', async () => {
  const shelf = new Shelf();
  const raw = shelf.image({ layerType: MediaType.dockerForeignLayerGzip });
  await expect(load(shelf, raw.digest)).rejects.toThrow('may not be redistributed');
});

it('loadImage() refuses indexes that are nested too deep, or that name a missing manifest', async () => {
  const shelf = new Shelf();
  let raw = shelf.image();
  for (let depth = 0; depth < 10; depth += 1) raw = shelf.index([{ raw }]);
  await expect(load(shelf, raw.digest)).rejects.toThrow('nested deeper');
  const missing = formatManifest({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] });
  shelf.index([{ raw: missing }], 'broken');
  await expect(load(shelf, 'broken')).rejects.toThrow('which is not there');
});

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobContent,
  blobDirectory,
  type CallOptions,
  describeManifest,
  type Descriptor,
  type Digest,
  formatReference,
  type Image,
  type ImageIndex,
  type ImageSource,
  type ImageStore,
  isDigest,
  isIndex,
  loadImage,
  type LocalBlobStore,
  MAX_MANIFEST_BYTES,
  parseManifest,
  type PutBlobOptions,
  type RawManifest,
  type ResolveOptions,
  streamOf,
} from '@shale/core';
import { type Access, readRegularFileSync, StoreDirectory, undefinedIfMissing } from '@shale/core/files';
import { withFileLock } from './file-lock.ts';
import {
  checkLayoutFile,
  EMPTY_INDEX,
  findEntry,
  findReference,
  LAYOUT_FILE,
  parseLayoutIndex,
  tagOf,
  withDigest,
  withoutUntagged,
  withTag,
} from './layout-index.ts';
import { readManifestBlob } from './manifest-blob.ts';
import { LayoutInvalidError } from './store-error.ts';

export interface OpenLayoutOptions {
  /** Who may use what is written. @default 'everyone' */
  readonly access?: Access | undefined;
}

/**
 * Opens an OCI image layout in a directory. The first write makes it. Many processes may share it: blobs appear when
 * they are complete, and the index is changed under a lock.
 * @throws {LayoutInvalidError} from its methods when the directory holds something else.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @example
 * const layout = openLayout('out');
 * await copyImage(image, layout, { tags: ['v1'] });
 */
export function openLayout(path: string, { access = 'everyone' }: OpenLayoutOptions = {}): ImageStore {
  return new Layout(path, access);
}

/** Finds images in a layout by their full names, as BuildKit, containerd and shale write them. */
export function layoutSource(path: string): ImageSource {
  const layout = new Layout(path, 'everyone');
  return {
    name: layout.name,
    async resolve(reference, options) {
      const entry = findReference(await layout.index(), reference);
      if (entry === undefined) return undefined;
      return loadImage(layout, entry.digest, {
        ...options,
        origin: { source: 'layout', name: formatReference(reference) },
      });
    },
  };
}

/**
 * Loads an image from a layout by tag or digest; without either, the only image, or the one with the tag `latest`.
 * @returns `undefined` where the layout has no such image.
 * @throws {LayoutInvalidError} when there are several and none was named. @throws {PlatformMissingError}
 */
export async function loadLayoutImage(
  path: string,
  tagOrDigest: string | undefined,
  options: ResolveOptions,
): Promise<Image | undefined> {
  const layout = new Layout(path, 'everyone');
  const index = await layout.index();
  const only = new Set(index.manifests.map(({ digest }) => digest)).size === 1 ? index.manifests[0] : undefined;
  const named = tagOrDigest === undefined ? (only ?? findEntry(index, 'latest')) : undefined;
  if (tagOrDigest === undefined && named === undefined && index.manifests.length > 0) {
    const tags = index.manifests.map(tagOf).filter((tag) => tag !== undefined);
    throw new LayoutInvalidError(`${path} holds several images: ${tags.slice(0, MAX_LISTED).join(', ')}`, {
      hint: 'Name one: DIR:TAG or DIR@DIGEST.',
    });
  }
  const target = tagOrDigest ?? named?.digest;
  if (target === undefined) return undefined;
  return loadImage(layout, target, { ...options, origin: { source: 'layout', name: `${layout.name}:${target}` } });
}

const MAX_LISTED = 20;

class Layout implements ImageStore {
  readonly name: string;
  readonly #path: string;
  readonly #files: StoreDirectory;
  readonly #blobs: LocalBlobStore;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(path: string, access: Access) {
    this.name = `oci:${path}`;
    this.#path = path;
    this.#files = new StoreDirectory(path, access);
    this.#blobs = blobDirectory(path, { access });
  }

  async stat(digest: Digest): Promise<number | undefined> {
    return (await this.#isFile(this.#blobs.pathOf(digest))) ? this.#blobs.stat(digest) : undefined;
  }

  async *read(blob: Descriptor, options?: CallOptions): AsyncIterable<Uint8Array> {
    await this.#isFile(this.#blobs.pathOf(blob.digest));
    yield* this.#blobs.read(blob, options);
  }

  async put(blob: Descriptor, content: BlobContent, options?: PutBlobOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await this.#blobs.put(blob, content, options);
  }

  async getManifest(tagOrDigest: string, options?: CallOptions): Promise<RawManifest | undefined> {
    const entry = findEntry(await this.index(), tagOrDigest);
    const digest = entry?.digest ?? (isDigest(tagOrDigest) ? tagOrDigest : undefined);
    const size = digest && (await this.stat(digest));
    if (digest === undefined || size === undefined) return undefined;
    return readManifestBlob(this, { mediaType: entry?.mediaType ?? '', digest, size }, options);
  }

  async headManifest(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined> {
    const found = await this.getManifest(tagOrDigest, options);
    return found && describeManifest(found);
  }

  async putManifest(tagOrDigest: string, manifest: RawManifest, options?: CallOptions): Promise<void> {
    const entry = describeManifest(manifest);
    const document = parseManifest(manifest);
    const children = isIndex(document) ? document.manifests.map(({ digest }) => digest) : [];
    await this.put(entry, () => streamOf(manifest.bytes));
    await this.#change((index) => {
      const own = isDigest(tagOrDigest) ? withDigest(index, entry) : withTag(index, entry, tagOrDigest);
      return withoutUntagged(own, children);
    }, options);
  }

  async deleteManifest(digest: Digest, options?: CallOptions): Promise<void> {
    if ((await this.stat(digest)) === undefined) return;
    await this.#change((index) => {
      return { ...index, manifests: index.manifests.filter((entry) => entry.digest !== digest) };
    }, options);
    await this.#blobs.delete(digest);
  }

  async *listTags(): AsyncIterable<string> {
    const index = await this.index();
    yield* new Set(index.manifests.map(tagOf).filter((tag) => tag !== undefined));
  }

  async index(): Promise<ImageIndex> {
    const marker = this.#read('oci-layout');
    const bytes = this.#read('index.json');
    if (marker === undefined && bytes === undefined) return EMPTY_INDEX;
    checkLayoutFile(marker ?? Buffer.alloc(0), this.#path);
    return bytes === undefined ? EMPTY_INDEX : parseLayoutIndex(bytes, this.#path);
  }

  /** Changes run one after the other in this process, and under a lock between processes. No change needs no lock. */
  async #change(change: (index: ImageIndex) => ImageIndex, options?: CallOptions): Promise<void> {
    if (await this.#stays(change)) return;
    const turn = this.#writing
      .catch(() => undefined)
      .then(async () => {
        options?.signal?.throwIfAborted();
        await withFileLock(join(await this.#files.make(), '.index.lock'), () => this.#rewrite(change), options?.signal);
      });
    this.#writing = turn;
    await turn;
  }

  /** An unchanged file is not written, so that a fully cached build does not wait for the disk. */
  async #stays(change: (index: ImageIndex) => ImageIndex): Promise<boolean> {
    const before = this.#read('index.json')?.toString('utf8');
    return before !== undefined && before === JSON.stringify(change(await this.index()));
  }

  async #rewrite(change: (index: ImageIndex) => ImageIndex): Promise<void> {
    if (await this.#stays(change)) return;
    const index = JSON.stringify(change(await this.index()));
    if (this.#read('oci-layout') === undefined) await this.#files.write([], 'oci-layout', LAYOUT_FILE);
    await this.#files.write([], 'index.json', index);
  }

  /** Synchronous: for small files, asynchronous calls take longer than the reading. */
  #read(name: string): Buffer | undefined {
    return readRegularFileSync(join(this.#path, name), { maxBytes: MAX_MANIFEST_BYTES, fail: layoutInvalid });
  }

  /** Refuses links, which could make shale read and serve files outside of the layout. */
  async #isFile(path: string): Promise<boolean> {
    const found = await lstat(path).catch(undefinedIfMissing);
    if (found === undefined) return false;
    if (found.isFile()) return true;
    throw layoutInvalid(`${path} is not a regular file`);
  }
}

function layoutInvalid(message: string): LayoutInvalidError {
  return new LayoutInvalidError(message, { hint: 'An OCI image layout holds regular files only, and no links.' });
}

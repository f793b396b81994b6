import { constants } from 'node:fs';
import { access, lstat, lutimes, rm } from 'node:fs/promises';
import { blobDirectory, type BlobSource, type CallOptions, type LocalBlobStore, touchBlob } from '@shale/core';
import { ageMs, readRegularFile, StoreDirectory, undefinedIfMissing } from '@shale/core/files';
import type { CacheBackend, CacheEntry, LayerKeeper, StoreOptions, StoreOutcome } from '../contract/cache-backend.ts';
import type { CacheEventListener } from '../contract/cache-event.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import type { StoredRecord } from '../records/record-manifest.ts';
import { parseCacheRecord } from '../records/record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { entryTag } from '../contract/cache-scope.ts';
import { writeLayout } from '../directory/write-layout.ts';
import { healingBlobs, quarantineIfDamaged } from '../directory/healing-blobs.ts';
import { recordToStore } from '../records/record-to-store.ts';
import { publishFile } from '../directory/publish-file.ts';
import { decodeRecord, encodeRecord, MAX_RECORD_BYTES } from '../directory/record-encoding.ts';
import { recordPath, shardOf } from '../directory/record-path.ts';
import type { RecordPolicy, RecordPolicyOptions } from '../records/record-policy.ts';
import { recordPolicy } from '../records/record-policy.ts';

export interface DirCacheOptions extends RecordPolicyOptions {
  /** An absolute path. The directory is made when the first entry is stored. */
  readonly root: string;
  /** A store for the layers, where they are to lie elsewhere. A layer that it has already is not copied. @default below `root` */
  readonly blobs?: LocalBlobStore | undefined;
  /** The name of this cache in progress and events. @default 'dir' */
  readonly name?: string | undefined;
  /** Write nothing, not even the time of last use. @default whether `root` can be written */
  readonly readOnly?: boolean | undefined;
  readonly onEvent?: CacheEventListener | undefined;
}

export interface DirCache extends CacheBackend {
  readonly root: string;
  readonly blobs: LocalBlobStore;
  /** Updates `index.json`, so that `root` is an OCI image layout. Does nothing when the layers are in another store. */
  flush(options?: CallOptions): Promise<void>;
}

/** A use is recorded at most this often, in milliseconds: hits of a busy cache write nothing. */
const TOUCH_INTERVAL_MS = 10 * 60_000;

const UNWRITABLE = new Set(['EROFS', 'EACCES', 'EPERM']);

/**
 * A cache in a directory: a small file for each key, and the layers as in an OCI image layout. Any number of processes may
 * share it, also over a network file system. Nothing is locked: files appear complete or not at all, and everything is
 * verified when it is read. On a read-only volume lookups work, and nothing is written.
 * @example
 * const cache = dirCache({ root: '/var/cache/shale' });
 * const entry = await cache.lookup(key);
 */
export function dirCache(options: DirCacheOptions): DirCache {
  return options.readOnly === true ? new DirectoryCache(options) : new KeepingDirectoryCache(options);
}

class DirectoryCache implements DirCache {
  readonly name: string;
  readonly root: string;
  readonly blobs: LocalBlobStore;
  readonly #files: StoreDirectory;
  readonly #hasOwnBlobs: boolean;
  readonly #policy: RecordPolicy;
  readonly #onEvent: CacheEventListener;
  readonly #source: BlobSource;
  #isWritable: Promise<boolean> | undefined;
  #hasUnlisted = false;

  constructor({ root, blobs, readOnly, name = 'dir', onEvent = () => {}, ...policy }: DirCacheOptions) {
    this.name = name;
    this.root = root;
    this.#files = new StoreDirectory(root);
    this.blobs = blobs ?? blobDirectory(root);
    this.#hasOwnBlobs = this.blobs.root === root;
    this.#policy = recordPolicy(policy);
    this.#onEvent = onEvent;
    this.#isWritable = readOnly === true ? Promise.resolve(false) : undefined;
    this.#source = healingBlobs(this.blobs, {
      onCorrupt: (digest, error) => onEvent({ type: 'corrupt', backend: this.name, digest, error }),
    });
  }

  async lookup(key: CacheKey, { signal }: CallOptions = {}): Promise<CacheEntry | undefined> {
    for (const scope of this.#policy.readScopes) {
      signal?.throwIfAborted();
      const stored = await this.#usable(key, scope, { signal, report: this.#onEvent });
      if (stored === undefined) continue;
      await this.#touch(recordPath(this.root, key, scope));
      return { layer: stored.layer, blobs: this.#source, record: stored.record, manifest: stored.raw };
    }
    return undefined;
  }

  async store(key: CacheKey, entry: CacheEntry, { replace = false, signal }: StoreOptions = {}): Promise<StoreOutcome> {
    if (!(await this.#canWrite())) return 'skipped';
    try {
      return await this.#store(key, entry, { replace, signal });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (!UNWRITABLE.has(code)) throw error;
      this.#becomeReadOnly(code);
      return 'skipped';
    }
  }

  async flush({ signal }: CallOptions = {}): Promise<void> {
    if (!this.#hasOwnBlobs || !this.#hasUnlisted) return;
    this.#hasUnlisted = false;
    await writeLayout(this.root, this.blobs, { signal });
  }

  async #store(key: CacheKey, entry: CacheEntry, { replace, signal }: StoreOptions): Promise<StoreOutcome> {
    const { descriptor } = entry.layer;
    await this.blobs.put(descriptor, () => entry.blobs.read(descriptor, { signal }), { signal });
    await touchBlob(this.blobs, descriptor.digest);
    const { ownScope } = this.#policy;
    const own = () => this.#usable(key, ownScope, { signal, report: () => {} });
    const kept = replace === true ? undefined : await own();
    if (kept !== undefined) return this.#keep(key, kept, entry);
    const content = encodeRecord(recordToStore(key, entry, this.#policy).raw);
    const isNew = await publishFile(this.#files, content, {
      directory: shardOf(key),
      name: entryTag(key, ownScope),
      // an unusable record is replaced; one that another writer made meanwhile is kept
      replace: replace === true || (await exists(recordPath(this.root, key, ownScope))),
    });
    if (isNew) this.#hasUnlisted = true;
    const first = isNew ? undefined : await own();
    return first === undefined ? 'stored' : this.#keep(key, first, entry);
  }

  async #keep(key: CacheKey, { layer }: StoredRecord, entry: CacheEntry): Promise<StoreOutcome> {
    await this.#touch(recordPath(this.root, key, this.#policy.ownScope));
    const [kept, offered] = [layer.diffId, entry.layer.diffId];
    if (kept !== offered) this.#onEvent({ type: 'non-deterministic', backend: this.name, key, kept, offered });
    return 'kept';
  }

  /** The record, if the policy accepts it and its layer is here. */
  async #usable(key: CacheKey, scope: CacheScope, options: ReadOptions): Promise<StoredRecord | undefined> {
    const stored = await this.#readRecord(key, scope, options);
    if (stored === undefined) return undefined;
    const refusal = this.#policy.refusal(this.name, key, stored);
    if (refusal !== undefined) options.report(refusal);
    return refusal === undefined && (await this.#hasLayer(key, stored, options)) ? stored : undefined;
  }

  async #readRecord(key: CacheKey, scope: CacheScope, { report }: ReadOptions): Promise<StoredRecord | undefined> {
    const backend = this.name;
    try {
      const content = await readRegularFile(recordPath(this.root, key, scope), { maxBytes: MAX_RECORD_BYTES });
      if (content === undefined) return undefined;
      const parsed = parseCacheRecord(decodeRecord(content));
      if (parsed.kind === 'record') return parsed.stored;
      const reason = parsed.kind === 'foreign' ? 'another tool wrote it' : parsed.reason;
      report({ type: 'unreadable', backend, key, reason });
    } catch (error) {
      if (error instanceof Error && 'syscall' in error) throw error; // the disk or the permissions are at fault, not the content
      report({ type: 'corrupt', backend, key, error });
      await this.#removeRecord(key, scope).catch(() => undefined);
    }
    return undefined;
  }

  async #removeRecord(key: CacheKey, scope: CacheScope): Promise<void> {
    if (!(await this.#canWrite()) || !(await this.#files.has(...shardOf(key)))) return;
    await rm(recordPath(this.root, key, scope), { force: true, recursive: true });
  }

  async #hasLayer(key: CacheKey, { layer }: StoredRecord, { report, signal }: ReadOptions): Promise<boolean> {
    const { digest, size } = layer.descriptor;
    const found = await this.blobs.stat(digest);
    if (found === size) return true;
    if (await this.#canWrite()) await quarantineIfDamaged(this.blobs, digest, { signal });
    const backend = this.name;
    if (found === undefined) report({ type: 'incomplete', backend, key, digest });
    else report({ type: 'corrupt', backend, key, digest, error: new Error(`${found} bytes instead of ${size}`) });
    return false;
  }

  /** The time of the file is the time of last use. */
  async #touch(path: string): Promise<void> {
    if (!(await this.#canWrite())) return;
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || ageMs(found.mtimeMs) < TOUCH_INTERVAL_MS) return;
    const now = new Date();
    await lutimes(path, now, now).catch(() => undefined);
  }

  /** Found out once, and without a write. */
  async #canWrite(): Promise<boolean> {
    this.#isWritable ??= access(this.root, constants.W_OK).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (!UNWRITABLE.has(error.code ?? '')) return true;
        this.#reportReadOnly(error.code ?? '');
        return false;
      },
    );
    return this.#isWritable;
  }

  #becomeReadOnly(code: string): void {
    this.#isWritable = Promise.resolve(false);
    this.#reportReadOnly(code);
  }

  #reportReadOnly(reason: string): void {
    this.#onEvent({ type: 'read-only', backend: this.name, reason });
  }
}

class KeepingDirectoryCache extends DirectoryCache implements LayerKeeper {
  get keptLayers(): LocalBlobStore {
    return this.blobs;
  }
}

interface ReadOptions extends CallOptions {
  readonly report: CacheEventListener;
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(undefinedIfMissing)) !== undefined;
}

import {
  type BlobSource,
  type CallOptions,
  type Descriptor,
  type Digest,
  type ImageStore,
  type Manifest,
  messageOf,
  type RawManifest,
  streamOf,
} from '@shale/core';
import { BlobMissingError, MAX_CONFIG_BYTES, readBytes, SizeMismatchError } from '@shale/core';
import type { CacheBackend, CacheEntry, StoreOptions, StoreOutcome } from '../contract/cache-backend.ts';
import { isBroken } from '../contract/broken-content.ts';
import { CacheReadOnlyError, isForbidden } from '../contract/cache-error.ts';
import type { CacheEventListener } from '../contract/cache-event.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import type { StoredRecord } from '../records/record-manifest.ts';
import { parseCacheRecord, parseForeignRecord } from '../records/record-manifest.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { entryTag } from '../contract/cache-scope.ts';
import { recordToStore } from '../records/record-to-store.ts';
import { rewrappedEntry } from './rewrapped-entry.ts';
import type { RecordPolicy, RecordPolicyOptions } from '../records/record-policy.ts';
import { recordPolicy } from '../records/record-policy.ts';

/** How often a layer may be mended. Each time adds some bytes to it. */
const MAX_REWRAPS = 16;

export interface RegistryCacheOptions extends RecordPolicyOptions {
  /** A stable name for progress, which distinguishes several registries. @default 'registry' */
  readonly name?: string | undefined;
  /** Write nothing. @default false */
  readonly readOnly?: boolean | undefined;
  /** The same repository through a client that gives up sooner: lookups use it. @default the store */
  readonly lookups?: Pick<ImageStore, 'getManifest' | 'stat' | 'read'> | undefined;
  /** Check with each lookup that the registry has the layer, which costs one more request for each hit. @default false */
  readonly checkLayers?: boolean | undefined;
  readonly onEvent?: CacheEventListener | undefined;
}

/**
 * A cache in a repository of a registry. Each entry is an image of one layer, tagged with its key, so that any registry can
 * serve, copy and expire it. A lookup is one GET of a manifest. A layer is downloaded when it is read.
 * @example
 * const cache = registryCache(client.repository(parseReference('127.0.0.1:5000/app/cache')));
 */
export function registryCache(store: ImageStore, options: RegistryCacheOptions = {}): CacheBackend {
  return new RegistryCache(store, options);
}

class RegistryCache implements CacheBackend {
  readonly name: string;
  readonly #store: ImageStore;
  readonly #lookups: NonNullable<RegistryCacheOptions['lookups']>;
  readonly #policy: RecordPolicy;
  readonly #checksLayers: boolean;
  readonly #onEvent: CacheEventListener;
  readonly #source: BlobSource;
  /**
   * Layers that are damaged in the registry. A registry that has a blob accepts no other bytes for it, so that a store sends
   * such a layer in other bytes. A missing layer is not among them: it can be sent again unchanged.
   */
  readonly #damaged = new Set<Digest>();
  /** Whether anything in the registry was found damaged. Then a store checks what is there already. */
  #isSuspect = false;
  #isReadOnly: boolean;

  constructor(store: ImageStore, options: RegistryCacheOptions) {
    const { name = 'registry', readOnly = false, checkLayers = false, onEvent = () => {}, ...rest } = options;
    const { lookups = store, ...policy } = rest;
    this.name = name;
    this.#store = store;
    this.#lookups = lookups;
    this.#policy = recordPolicy(policy);
    this.#checksLayers = checkLayers;
    this.#onEvent = onEvent;
    this.#isReadOnly = readOnly;
    this.#source = { stat: (digest, call) => store.stat(digest, call), read: (blob, call) => this.#read(blob, call) };
  }

  async lookup(key: CacheKey, options: CallOptions = {}): Promise<CacheEntry | undefined> {
    options.signal?.throwIfAborted();
    // all scopes at once, so that a lookup takes one round trip however many there are
    const found = await Promise.all(
      this.#policy.readScopes.map((scope) => this.#usable(key, scope, { ...options, report: this.#onEvent })),
    );
    const stored = found.find((record) => record !== undefined);
    if (stored === undefined) return undefined;
    const { layer, record, raw: manifest } = stored;
    return { layer, blobs: this.#source, record, manifest, home: this.#store.name };
  }

  async store(key: CacheKey, entry: CacheEntry, { replace = false, signal }: StoreOptions = {}): Promise<StoreOutcome> {
    signal?.throwIfAborted();
    if (this.#isReadOnly) return 'skipped';
    try {
      const kept = replace ? undefined : await this.#whole(key, { signal });
      if (kept !== undefined) return this.#keep(key, kept, entry);
      await this.#put(key, entry, { signal });
      return 'stored';
    } catch (error) {
      signal?.throwIfAborted();
      if (!isForbidden(error)) throw error;
      this.#isReadOnly = true;
      this.#onEvent({ type: 'read-only', backend: this.name, reason: messageOf(error) });
      throw new CacheReadOnlyError(this.#store.name, error);
    }
  }

  /** Blobs first: whoever sees the tag finds everything that it refers to. */
  async #put(key: CacheKey, offered: CacheEntry, options: CallOptions): Promise<void> {
    const entry = this.#isSuspect ? await this.#undamaged(offered, options) : offered;
    const { descriptor } = entry.layer;
    const { raw, config, configBytes } = recordToStore(key, entry, this.#policy);
    await Promise.all([
      this.#store.put(descriptor, () => entry.blobs.read(descriptor, options), options),
      this.#store.put(config, () => streamOf(configBytes), options),
    ]);
    await this.#store.putManifest(entryTag(key, this.#policy.ownScope), raw, options);
  }

  /** Finds bytes for the layer that are not damaged in the registry. A layer that was mended before may be damaged again. */
  async #undamaged(offered: CacheEntry, options: CallOptions): Promise<CacheEntry> {
    let entry = offered;
    for (let tries = 0; tries < MAX_REWRAPS && (await this.#isHeldDamaged(entry.layer.descriptor, options)); tries += 1)
      entry = (await rewrappedEntry(entry, options)) ?? entry;
    return entry;
  }

  /** Only a download tells whether a blob in a registry is damaged. */
  async #isHeldDamaged(blob: Descriptor, options: CallOptions): Promise<boolean> {
    if (this.#damaged.has(blob.digest)) return true;
    if ((await this.#store.stat(blob.digest, options)) === undefined) return false;
    try {
      for await (const _ of this.#read(blob, options));
      return false;
    } catch (error) {
      if (!isBroken(error)) throw error;
      return this.#damaged.has(blob.digest);
    }
  }

  /** The entry in the own scope, if it is complete. */
  async #whole(key: CacheKey, options: CallOptions): Promise<StoredRecord | undefined> {
    const stored = await this.#usable(key, this.#policy.ownScope, { ...options, report: () => {} });
    if (stored === undefined || this.#damaged.has(stored.layer.descriptor.digest)) return undefined;
    const { digest, size } = stored.layer.descriptor;
    return (await this.#store.stat(digest, options)) === size ? stored : undefined;
  }

  #keep(key: CacheKey, { layer }: StoredRecord, entry: CacheEntry): StoreOutcome {
    const [kept, offered] = [layer.diffId, entry.layer.diffId];
    if (kept !== offered) this.#onEvent({ type: 'non-deterministic', backend: this.name, key, kept, offered });
    return 'kept';
  }

  async #usable(key: CacheKey, scope: CacheScope, options: ReadOptions): Promise<StoredRecord | undefined> {
    const { report } = options;
    const backend = this.name;
    const stored = await this.#readRecord(key, scope, options);
    if (stored === undefined) return undefined;
    const refusal = this.#policy.refusal(backend, key, stored);
    if (refusal !== undefined) report(refusal);
    if (refusal !== undefined) return undefined;
    if (!this.#checksLayers) return stored;
    const { digest, size } = stored.layer.descriptor;
    if ((await this.#lookups.stat(digest, options)) === size) return stored;
    report({ type: 'incomplete', backend, key, digest });
    return undefined;
  }

  /** The entry under the tag. Broken content is a miss; a registry that does not answer is an error. */
  async #readRecord(key: CacheKey, scope: CacheScope, options: ReadOptions): Promise<StoredRecord | undefined> {
    const { report } = options;
    const backend = this.name;
    try {
      const raw = await this.#lookups.getManifest(entryTag(key, scope), options);
      if (raw === undefined) return undefined;
      const parsed = parseCacheRecord(raw);
      if (parsed.kind === 'record') return parsed.stored;
      if (parsed.kind === 'foreign') return await this.#readForeign(raw, parsed.manifest, options);
      report({ type: 'unreadable', backend, key, reason: parsed.reason });
      return undefined;
    } catch (error) {
      if (!isBroken(error)) throw error;
      this.#isSuspect = true;
      report({ type: 'corrupt', backend, key, error });
      return undefined;
    }
  }

  async #readForeign(raw: RawManifest, manifest: Manifest, options: CallOptions): Promise<StoredRecord> {
    if (manifest.config.size > MAX_CONFIG_BYTES) throw new SizeMismatchError(manifest.config, MAX_CONFIG_BYTES);
    return parseForeignRecord(raw, manifest, await readBytes(this.#lookups.read(manifest.config, options)));
  }

  async *#read(...[blob, options]: Parameters<BlobSource['read']>): AsyncIterable<Uint8Array> {
    try {
      yield* this.#store.read(blob, options);
    } catch (error) {
      if (isBroken(error)) {
        this.#isSuspect = true;
        if (!(error instanceof BlobMissingError)) this.#damaged.add(blob.digest);
        this.#onEvent({ type: 'corrupt', backend: this.name, digest: blob.digest, error });
      }
      throw error;
    }
  }
}

interface ReadOptions extends CallOptions {
  readonly report: CacheEventListener;
}

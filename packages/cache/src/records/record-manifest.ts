import type { Descriptor, HistoryEntry, Layer, Manifest, RawManifest } from '@shale/core';
import {
  formatImageConfig,
  formatManifest,
  hostPlatform,
  isDigest,
  isIndex,
  ManifestInvalidError,
  MediaType,
  parseDigest,
  parseImageConfig,
  parseManifest,
  sha256,
} from '@shale/core';
import { asArray, asBoolean, asInteger, asObject, asOptional, asString, parseJson } from '@shale/core/json';
import type { CacheRecord, StepIdentity } from '../contract/cache-backend.ts';
import type { CacheInput } from '../keys/cache-input.ts';
import type { CacheKey } from '../keys/cache-key.ts';
import type { CacheScope } from '../contract/cache-scope.ts';
import { UNSCOPED } from '../contract/cache-scope.ts';
import { foldParts } from '../keys/fold-parts.ts';

/**
 * The annotations of an entry, which is an OCI image of one layer. Its manifest holds everything that a lookup needs, so that
 * a lookup is one request. Other tools can read, copy and expire the image.
 */
export const RecordAnnotation = {
  version: 'dev.shale.cache.version',
  key: 'dev.shale.cache.key',
  scope: 'dev.shale.cache.scope',
  created: 'dev.shale.cache.created',
  durationMs: 'dev.shale.cache.duration-ms',
  builder: 'dev.shale.cache.builder',
  history: 'dev.shale.cache.history',
  inputs: 'dev.shale.cache.inputs',
  inputsDigest: 'dev.shale.cache.inputs-digest',
  step: 'dev.shale.cache.step',
  platform: 'dev.shale.cache.platform',
  signature: 'dev.shale.cache.signature',
  /** The DiffID, an annotation of the layer. containerd and BuildKit use the same name. */
  diffId: 'containerd.io/uncompressed',
} as const;

/** The version of the annotations. An entry of another version is a miss. */
export const RECORD_VERSION = '1';

/** Limits the list of inputs in a manifest. */
const INPUT_LIMITS = { inputs: 256, bytes: 16 * 1024 } as const;
const MAX_INPUTS = 4096;

/** An entry that was read from a cache. */
export interface StoredRecord {
  /** `undefined` for an entry of another tool, whose manifest does not name the key. */
  readonly key: CacheKey | undefined;
  readonly scope: CacheScope;
  readonly layer: Layer;
  readonly record: CacheRecord;
  readonly manifest: Manifest;
  readonly raw: RawManifest;
}

export interface FormattedRecord {
  readonly raw: RawManifest;
  readonly config: Descriptor;
  readonly configBytes: Uint8Array;
}

export interface FormatRecordOptions {
  readonly scope?: CacheScope | undefined;
  /** Computes the value of the signature annotation. */
  readonly sign?: ((unsigned: Manifest) => string) | undefined;
}

/** Equal keys, layers and records give equal bytes on every machine. */
export function formatCacheRecord(
  key: CacheKey,
  layer: Layer,
  record: CacheRecord,
  { scope = UNSCOPED, sign }: FormatRecordOptions = {},
): FormattedRecord {
  const configBytes = formatRecordConfig(layer, record);
  const { mediaType, digest, size } = layer.descriptor;
  const config = { mediaType: MediaType.ociConfig, digest: sha256(configBytes), size: configBytes.byteLength };
  const unsigned: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config,
    layers: [{ mediaType, digest, size, annotations: { [RecordAnnotation.diffId]: layer.diffId } }],
    annotations: formatAnnotations(key, record, scope),
  };
  const annotations = { ...unsigned.annotations, ...(sign && { [RecordAnnotation.signature]: sign(unsigned) }) };
  return { raw: formatManifest({ ...unsigned, annotations }), config, configBytes };
}

/** The config of an entry's image. It is not stored in directories: record and layer give the same bytes again. */
export function formatRecordConfig(layer: Layer, record: CacheRecord): Uint8Array {
  const { os, architecture, variant } = record.platform ?? hostPlatform();
  return formatImageConfig({
    created: record.created.toISOString(),
    architecture,
    os,
    ...(variant !== undefined && { variant }),
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    history: [record.history],
  });
}

function formatAnnotations(key: CacheKey, record: CacheRecord, scope: CacheScope): Record<string, string> {
  const inputs = foldInputs(record.inputs).map(({ name, hash }) => [name, hash]);
  const inputsText = JSON.stringify(inputs);
  return {
    [RecordAnnotation.version]: RECORD_VERSION,
    [RecordAnnotation.key]: key,
    ...(scope !== UNSCOPED && { [RecordAnnotation.scope]: scope }),
    [RecordAnnotation.created]: record.created.toISOString(),
    [RecordAnnotation.durationMs]: String(Math.round(record.durationMs)),
    [RecordAnnotation.builder]: record.builder,
    ...(record.step !== undefined && { [RecordAnnotation.step]: JSON.stringify(record.step) }),
    [RecordAnnotation.platform]: JSON.stringify(record.platform ?? hostPlatform()),
    [RecordAnnotation.history]: JSON.stringify(record.history),
    [RecordAnnotation.inputs]: inputsText,
    [RecordAnnotation.inputsDigest]: sha256(inputsText),
  };
}

function foldInputs(inputs: readonly CacheInput[]): readonly CacheInput[] {
  const isFile = ({ name }: CacheInput) => name.startsWith('file:');
  const files = foldParts(inputs.filter(isFile), INPUT_LIMITS);
  return [...inputs.filter((input) => !isFile(input)).slice(0, MAX_INPUTS - files.length), ...files];
}

const fail = (message: string) => new ManifestInvalidError(message);

/** What was found under the tag of a key. */
export type ParsedRecord =
  | { readonly kind: 'record'; readonly stored: StoredRecord }
  /** An image of one layer by another tool, such as kaniko. Its config holds what the manifest lacks. */
  | { readonly kind: 'foreign'; readonly manifest: Manifest }
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Reads an entry's manifest.
 * @throws {ManifestInvalidError} for a manifest or annotations that are broken.
 */
export function parseCacheRecord(raw: RawManifest): ParsedRecord {
  const manifest = parseManifest(raw);
  if (isIndex(manifest)) return { kind: 'unreadable', reason: 'it is an index' };
  const [descriptor] = manifest.layers;
  if (descriptor === undefined || manifest.layers.length > 1) {
    return { kind: 'unreadable', reason: `it has ${manifest.layers.length} layers` };
  }
  const annotations = manifest.annotations ?? {};
  const version = annotations[RecordAnnotation.version];
  if (version === undefined) return { kind: 'foreign', manifest };
  if (version !== RECORD_VERSION) return { kind: 'unreadable', reason: `it is of version ${version.slice(0, 20)}` };
  const diffId = parseDigest(descriptor.annotations?.[RecordAnnotation.diffId] ?? '');
  const { mediaType, digest, size } = descriptor;
  const layer = { descriptor: { mediaType, digest, size }, diffId };
  const key = annotations[RecordAnnotation.key];
  if (!isDigest(key)) throw fail('The cache entry does not name its key');
  const scope = annotations[RecordAnnotation.scope] ?? UNSCOPED;
  return { kind: 'record', stored: { key, scope, layer, record: parseAnnotations(annotations), manifest, raw } };
}

/** Reads an entry of another tool: an image of one layer, and its config, which holds what the manifest lacks. */
export function parseForeignRecord(raw: RawManifest, manifest: Manifest, configBytes: Uint8Array): StoredRecord {
  const config = parseImageConfig(configBytes);
  const [descriptor] = manifest.layers;
  const [diffId] = config.rootfs.diff_ids;
  if (descriptor === undefined || diffId === undefined || config.rootfs.diff_ids.length !== 1) {
    throw fail('The cache entry is not an image of one layer');
  }
  const { mediaType, digest, size } = descriptor;
  const record: CacheRecord = {
    created: parseTime(config.created ?? ''),
    history: config.history.at(-1) ?? {},
    durationMs: 0,
    builder: config.history.at(-1)?.author ?? 'unknown',
    inputs: [],
    platform: { os: config.os, architecture: config.architecture },
  };
  const layer = { descriptor: { mediaType, digest, size }, diffId };
  return { key: undefined, scope: UNSCOPED, layer, record, manifest, raw };
}

function parseAnnotations(annotations: Readonly<Record<string, string>>): CacheRecord {
  const text = (name: string) => asString(annotations[name], name, fail);
  const inputs = text(RecordAnnotation.inputs);
  const step = annotations[RecordAnnotation.step];
  const durationMs = Number(text(RecordAnnotation.durationMs));
  if (!Number.isFinite(durationMs) || durationMs < 0) throw fail('The cache entry has no valid duration');
  return {
    created: parseTime(text(RecordAnnotation.created)),
    history: parseHistory(text(RecordAnnotation.history)),
    durationMs,
    builder: text(RecordAnnotation.builder),
    inputs: parseInputs(inputs),
    ...(step !== undefined && { step: parseStep(step) }),
    platform: parsePlatform(text(RecordAnnotation.platform)),
  };
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw fail(`The cache entry has no valid time: ${JSON.stringify(text.slice(0, 50))}`);
  return time;
}

function parseHistory(json: string): HistoryEntry {
  const object = asObject(parseJson(json, 'history', fail), 'history', fail);
  const text = (name: string) => asOptional(object[name], (value) => asString(value, `history.${name}`, fail));
  const [created, createdBy, author, comment] = [text('created'), text('created_by'), text('author'), text('comment')];
  const isEmpty = asOptional(object['empty_layer'], (value) => asBoolean(value, 'history.empty_layer', fail));
  return {
    ...(created !== undefined && { created }),
    ...(createdBy !== undefined && { created_by: createdBy }),
    ...(author !== undefined && { author }),
    ...(comment !== undefined && { comment }),
    ...(isEmpty !== undefined && { empty_layer: isEmpty }),
  };
}

function parseInputs(json: string): readonly CacheInput[] {
  const list = asArray(parseJson(json, 'inputs', fail), 'inputs', fail);
  if (list.length > MAX_INPUTS) throw fail(`The cache entry has more than ${MAX_INPUTS} inputs`);
  return list.map((item) => {
    const [name, hash] = asArray(item, 'inputs', fail);
    return { name: asString(name, 'inputs', fail), hash: asString(hash, 'inputs', fail) };
  });
}

function parseStep(json: string): StepIdentity {
  const object = asObject(parseJson(json, 'step', fail), 'step', fail);
  return {
    stage: asString(object['stage'], 'step.stage', fail),
    index: asInteger(object['index'], 'step.index', fail),
  };
}

function parsePlatform(json: string): CacheRecord['platform'] {
  const object = asObject(parseJson(json, 'platform', fail), 'platform', fail);
  const variant = asOptional(object['variant'], (value) => asString(value, 'platform.variant', fail));
  return {
    os: asString(object['os'], 'platform.os', fail),
    architecture: asString(object['architecture'], 'platform.architecture', fail),
    ...(variant !== undefined && { variant }),
  };
}

import { DEFAULT_REGISTRY, type Digest, isDigest, type RawManifest } from '@shale/core';
import { blobsOf, type FoundBlob, readStoredBytes, WarmedDirectory, type WarmedPointerFile } from '@shale/warmer';
import { type Context, Hono } from 'hono';
import type { Daemon } from '../daemon.ts';

/** How long the list of blobs is remembered, in milliseconds. */
const REMEMBERED_MS = 2000;
const HEADERS = { 'docker-distribution-api-version': 'registry/2.0' };

/**
 * Serves the warmed images as a read-only registry, so that it is a mirror for docker, containerd and kaniko. containerd
 * names the mirrored registry in `?ns=`. Without it, the name of the repository decides, and docker.io wins.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull
 */
export function registryRoutes(daemon: Daemon): Hono {
  const blobs = remembered(() => blobsOf(new WarmedDirectory(daemon.config.directory)));
  return new Hono()
    .use('/v2/*', async (context, next) => {
      if (!daemon.config.serve) return context.notFound();
      return next();
    })
    .get('/v2/', (context) => context.json({}, 200, HEADERS))
    .get('/v2/:rest{.+}', async (context) => {
      const directory = new WarmedDirectory(daemon.config.directory);
      const [, name = '', kind, target = ''] =
        /^(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(context.req.param('rest')) ?? [];
      if (kind === 'manifests')
        return serveManifest(
          context,
          await findManifest(directory, { name, target, registry: context.req.query('ns') }),
        );
      if (kind === 'blobs' && isDigest(target)) return serveBlob(context, (await blobs()).get(target));
      if (kind === 'tags' && target === 'list') return serveTags(context, await directory.pointers(), name);
      return refuse(context, 'UNSUPPORTED');
    })
    .all('/v2/*', (context) => context.json({ errors: [{ code: 'UNSUPPORTED', message: 'read-only' }] }, 405, HEADERS));
}

interface ManifestRequest {
  readonly name: string;
  readonly target: string;
  readonly registry: string | undefined;
}

async function findManifest(
  directory: WarmedDirectory,
  { name, target, registry }: ManifestRequest,
): Promise<RawManifest | undefined> {
  if (isDigest(target)) return (await directory.index(target)) ?? (await directory.entry(target))?.raw;
  const named = (await directory.pointers()).filter(({ reference }) => {
    const slash = reference.indexOf('/');
    return (
      reference.slice(slash + 1) === `${name}:${target}` &&
      (registry ?? reference.slice(0, slash)) === reference.slice(0, slash)
    );
  });
  const chosen = named.find(({ reference }) => reference.startsWith(`${DEFAULT_REGISTRY}/`)) ?? named[0];
  if (chosen === undefined) return undefined;
  return (await directory.index(chosen.target)) ?? (await directory.entry(chosen.target))?.raw;
}

function serveTags(context: Context, pointers: readonly WarmedPointerFile[], name: string): Response {
  const references = pointers.filter(({ reference }) => !reference.includes('@')).map(({ reference }) => reference);
  const tags = references.flatMap((reference) => {
    const repository = reference.slice(reference.indexOf('/') + 1, reference.lastIndexOf(':'));
    return repository === name ? [reference.slice(reference.lastIndexOf(':') + 1)] : [];
  });
  if (tags.length === 0) return refuse(context, 'NAME_UNKNOWN');
  return context.json({ name, tags: [...new Set(tags)].sort() }, 200, HEADERS);
}

function serveManifest(context: Context, raw: RawManifest | undefined): Response {
  if (raw === undefined) return refuse(context, 'MANIFEST_UNKNOWN');
  return context.body(Uint8Array.from(raw.bytes), 200, {
    ...HEADERS,
    'content-type': raw.mediaType,
    'content-length': String(raw.bytes.byteLength),
    'docker-content-digest': raw.digest,
  });
}

function serveBlob(context: Context, found: FoundBlob | undefined): Response {
  if (found === undefined) return refuse(context, 'BLOB_UNKNOWN');
  const { blob } = found;
  const range = parseRange(context.req.header('range'), blob.size);
  const [start, end] = range ?? [0, blob.size - 1];
  const headers = {
    ...HEADERS,
    'content-type': 'application/octet-stream',
    'content-length': String(end - start + 1),
    'docker-content-digest': blob.digest,
    'accept-ranges': 'bytes',
    ...(range && { 'content-range': `bytes ${start}-${end}/${blob.size}` }),
  };
  const status = range === undefined ? 200 : 206;
  if (context.req.method === 'HEAD' || blob.size === 0) return context.body(null, status, headers);
  return context.body(ReadableStream.from(readStoredBytes(found, { start, end: end + 1 })), status, headers);
}

function parseRange(header: string | undefined, size: number): readonly [number, number] | undefined {
  const [, from, to = ''] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined) return undefined;
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start <= end ? [start, end] : undefined;
}

function refuse(context: Context, code: string): Response {
  return context.json({ errors: [{ code, message: 'not among the warmed images' }] }, 404, HEADERS);
}

function remembered(
  read: () => Promise<ReadonlyMap<Digest, FoundBlob>>,
): () => Promise<ReadonlyMap<Digest, FoundBlob>> {
  let known: Promise<ReadonlyMap<Digest, FoundBlob>> | undefined;
  let untilMs = 0;
  return () => {
    if (known === undefined || performance.now() > untilMs) {
      known = read();
      untilMs = performance.now() + REMEMBERED_MS;
    }
    return known;
  };
}

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { requireCommand } from '../src/command.ts';

export interface OciImageOptions {
  /** An OCI layout directory, replaced as a whole. */
  readonly layout: string;
  /** The image's name in the layout. */
  readonly tag: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The image's creation time, in seconds since the epoch. No file of a packed tree is younger. */
  readonly epochSeconds: number;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Writes a tree as a one-layer image: equal trees give equal digests. */
export async function writeTreeImage(rootfs: string, options: OciImageOptions): Promise<void> {
  await writeOciImage(await packTree(rootfs, options.epochSeconds), options);
}

/** Writes an image whose only layer is the given tar. */
export async function writeOciImage(
  tar: Uint8Array,
  { layout, tag, config, epochSeconds }: OciImageOptions,
): Promise<void> {
  const staging = `${layout}.${process.pid}`;
  const blobs = join(staging, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (mediaType: string, bytes: Uint8Array) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength };
  };
  const putJson = (mediaType: string, value: unknown) => put(mediaType, Buffer.from(JSON.stringify(value)));

  const layer = await put('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar, { level: 6 }));
  const created = new Date(epochSeconds * 1000).toISOString();
  const imageConfig = await putJson('application/vnd.oci.image.config.v1+json', {
    created,
    architecture: ARCHITECTURES[arch()] ?? arch(),
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(tar).digest('hex')}`] },
    history: [{ created, created_by: `made from Debian packages as ${tag}` }],
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await putJson(mediaType, { schemaVersion: 2, mediaType, config: imageConfig, layers: [layer] });
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  await writeFile(
    join(staging, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  await writeFile(join(staging, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await rm(layout, { recursive: true, force: true });
  await rename(staging, layout);
}

async function packTree(rootfs: string, epochSeconds: number): Promise<Uint8Array> {
  const archive = `${rootfs}.tar`;
  const times = [`--mtime=@${epochSeconds}`, '--clamp-mtime', '--pax-option=delete=atime,delete=ctime'];
  const order = ['--format=posix', '--sort=name', '--numeric-owner', '--xattrs', '--xattrs-include=security.*'];
  await requireCommand(['tar', ...order, ...times, '-cf', archive, '-C', rootfs, '.'], { env: { LC_ALL: 'C' } });
  const bytes = await readFile(archive);
  await rm(archive);
  return bytes;
}

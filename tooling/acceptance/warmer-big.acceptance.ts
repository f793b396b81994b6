import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  formatImageConfig,
  formatManifest,
  hostPlatform,
  MediaType,
  parseReference,
  sha256,
  streamOf,
} from '@shale/core';
import { createRegistryClient } from '@shale/registry';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundledShale } from '../src/shale.ts';
import { requireCommand } from '../src/command.ts';

const IMAGES = 8;
const LAYERS = 5;
const LAYER_BYTES = Number(process.env['SHALE_BIG_LAYER_MIB'] ?? 100) * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;
const MAX_RSS_KIB = 200 * 1024;
const MIN_RATIO = 0.8;

let scratch: string;
let registry: TestRegistry;
let names: readonly string[];

/** Content that no compression or deduplication makes smaller, the same each time it is read. */
async function* content(key: Buffer): AsyncIterable<Uint8Array> {
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  for (let bytes = 0; bytes < LAYER_BYTES; bytes += CHUNK_BYTES) yield cipher.update(zeros);
}

/** Bytes that are no tar: a warmer does not look inside. */
async function pushLarge(name: string): Promise<void> {
  await using client = createRegistryClient();
  const store = client.repository(parseReference(name));
  const layers = [];
  for (let layer = 0; layer < LAYERS; layer += 1) {
    const key = randomBytes(16);
    const hash = createHash('sha256');
    for await (const chunk of content(key)) hash.update(chunk);
    const blob = { mediaType: MediaType.ociLayer, digest: `sha256:${hash.digest('hex')}` as const, size: LAYER_BYTES };
    await store.put(blob, () => content(key));
    layers.push(blob);
  }
  const rootfs = { type: 'layers' as const, diff_ids: layers.map(({ digest }) => digest) };
  const bytes = formatImageConfig({ ...hostPlatform(), config: {}, rootfs, history: [] });
  const config = { mediaType: MediaType.ociConfig, digest: sha256(bytes), size: bytes.byteLength };
  await store.put(config, () => streamOf(bytes));
  const manifest = formatManifest({ schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers });
  await store.putManifest('v1', manifest);
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'shale-big-'));
  registry = await startRegistry({ storage: join(scratch, 'registry') });
  names = Array.from({ length: IMAGES }, (_, index) => `${registry.host}/big-${index}:v1`);
  for (const name of names) await pushLarge(name);
}, 1_200_000);
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

async function timed(command: readonly string[]): Promise<{ seconds: number; maxRssKib: number }> {
  const report = join(scratch, 'time');
  await requireCommand(['sync']);
  await requireCommand(['/usr/bin/time', '-v', '-o', report, ...command]);
  const text = await requireCommand(['cat', report]);
  const [, hours = '0', minutes = '0', seconds = '0'] = /Elapsed.*?(?:(\d+):)?(\d+):([\d.]+)\n/.exec(text) ?? [];
  const [, rss = '0'] = /Maximum resident set size \(kbytes\): (\d+)/.exec(text) ?? [];
  return { seconds: Number(hours || 0) * 3600 + Number(minutes) * 60 + Number(seconds), maxRssKib: Number(rss) };
}

it(`warms ${IMAGES} images of ${(LAYERS * LAYER_BYTES) / 2 ** 20} MiB in flat memory, about as fast as skopeo copies them`, async () => {
  const ratios: number[] = [];
  for (const round of [1, 2]) {
    const directory = join(scratch, `D-${round}`);
    const layout = join(scratch, `layout-${round}`);
    const images = names.flatMap((name) => ['--image', name]);
    const copies = names.map((name, index) => {
      const flags = '--insecure-policy --src-tls-verify=false -q';
      return `skopeo copy ${flags} docker://${name} oci:${layout}:image-${index}`;
    });
    const copied = await timed(['sh', '-c', `set -e; ${copies.join('; ')}; sync -f ${layout}`]);
    const warmed = await timed([...bundledShale, 'warm', '--cache-dir', directory, ...images]);
    const ratio = copied.seconds / warmed.seconds;
    ratios.push(ratio);
    const mib = (warmed.maxRssKib / 1024).toFixed(0);
    console.log(
      `round ${round}: shale ${warmed.seconds.toFixed(1)} s, ${mib} MiB; skopeo ${copied.seconds.toFixed(1)} s; ${ratio.toFixed(2)}x`,
    );
    expect(warmed.maxRssKib).toBeLessThan(MAX_RSS_KIB);
    await rm(directory, { recursive: true });
    await rm(layout, { recursive: true });
  }
  expect(Math.max(...ratios)).toBeGreaterThan(MIN_RATIO);
});

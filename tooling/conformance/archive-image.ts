import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import type { RawConfig } from './observation.ts';

/** The image of an OCI archive. It is laid out beside the archive. */
export async function readArchiveImage(archive: string): Promise<{ config: RawConfig; digest: string }> {
  const layout = `${archive}.layout`;
  await requireCommand(['mkdir', layout]);
  await requireCommand(['tar', '-xf', archive, '-C', layout]);
  const blob = (digest: string) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')), 'utf8');
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
  const digest = index.manifests[0]?.digest ?? '';
  const manifest = JSON.parse(blob(digest)) as { config: { digest: string } };
  return { digest, config: JSON.parse(blob(manifest.config.digest)) as RawConfig };
}

import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '@shale/testing';
import { requireCommand } from '../src/command.ts';
import { toolingCache } from '../src/workspace.ts';
import { makeBusyboxImage } from './busybox.ts';
import { DEBIAN_SUITE, makeDebianImage } from './debian.ts';

/** Part of the name of each cached layout. Raise it when a maker writes another image. */
const RECIPE_VERSION = 1;

const makers = {
  busybox: { make: makeBusyboxImage, repository: 'library/busybox', tags: ['latest'] },
  debian: { make: makeDebianImage, repository: 'library/debian', tags: ['latest', DEBIAN_SUITE] },
} as const;

export type BaseImageName = keyof typeof makers;

/** Returns the OCI layout of a base image. The first call makes it, and it is kept. */
export async function baseImageLayout(name: BaseImageName): Promise<string> {
  const layout = join(toolingCache, `${name}-v${RECIPE_VERSION}`);
  const known = await stat(join(layout, 'index.json')).catch(() => undefined);
  if (known !== undefined) return layout;
  await mkdir(toolingCache, { recursive: true });
  await makers[name].make(layout);
  return layout;
}

/** A registry that serves base images under docker.io's names: give `url` to `--registry-mirror` and `FROM busybox` works. */
export interface BaseRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  readonly registry: TestRegistry;
}

export async function startBaseRegistry(names: readonly BaseImageName[]): Promise<BaseRegistry> {
  const layouts = await Promise.all(names.map((name) => baseImageLayout(name)));
  const registry = await startRegistry();
  try {
    for (const [index, name] of names.entries()) {
      const { repository, tags } = makers[name];
      for (const tag of tags) await pushLayout(`${layouts[index]}:latest`, `${registry.host}/${repository}:${tag}`);
    }
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw error;
  }
  return {
    host: registry.host,
    url: `http://${registry.host}`,
    registry,
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

/** Copies an image of a local OCI layout to a registry without TLS. */
export async function pushLayout(image: string, reference: string): Promise<void> {
  const flags = ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false'];
  await requireCommand(['skopeo', ...flags, `oci:${image}`, `docker://${reference}`]);
}

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CacheBackend } from '@shale/cache';
import type { ContainerConfig, Image, ImageSource, LocalBlobStore, Platform } from '@shale/core';
import { imageOfConfig, sha256 } from '@shale/core';
import { parseIgnoreFile } from '@shale/dockerfile-parser';
import { planAndLookUp } from '../build/build.ts';
import { chainOf } from '../graph/build-graph.ts';
import type { BuildOptions } from '../build/build-options.ts';
import { openDirectoryContext } from '../context/directory-context.ts';

/** All that a build is given, as far as keys are concerned. */
export interface KeyedBuild {
  /** Called on the context after its files are written. */
  readonly prepare: (root: string) => void;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly target: string;
  readonly network: 'host' | 'none';
  readonly sourceDateEpoch: number;
  readonly secrets: BuildOptions['secrets'];
  readonly ssh: BuildOptions['ssh'];
  /** Instead of, or beside, `base` and `other`. */
  readonly images: Readonly<Record<string, TestImage>>;
}

export interface TestImage {
  /** Stand for DiffIDs. */
  readonly layers?: readonly string[] | undefined;
  readonly config?: ContainerConfig | undefined;
  /** Of no meaning for what is in it. */
  readonly annotation?: string | undefined;
}

/** Keys of the steps that the target needs by `<stage>.<index>`, and `image` for all that the image is made of. */
export type KeysByStep = Readonly<Record<string, string>>;

/** A context of its own for each build: a build sees nothing of another one. */
export class KeyFixture implements Disposable {
  readonly scratch: string = mkdtempSync(join(tmpdir(), 'shale-keys-'));
  #contexts = 0;

  [Symbol.dispose](): void {
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** Writes files, in the order given; of a name that ends in `/` a directory. */
  writeContext(files: Readonly<Record<string, string>> = {}): string {
    const root = join(this.scratch, `context-${(this.#contexts += 1)}`);
    mkdirSync(root);
    for (const [name, content] of Object.entries(files)) {
      const path = join(root, name);
      if (name.endsWith('/')) mkdirSync(path, { recursive: true });
      else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
    }
    return root;
  }

  async keys(dockerfile: string, root: string, options: Partial<KeyedBuild> = {}): Promise<KeysByStep> {
    const { prepare: _, images, ...build } = options;
    await using context = openDirectoryContext(root, { ignore: ignoreOf(root) });
    const { stage, keys } = await planAndLookUp({
      platform: { os: 'linux', architecture: 'amd64' },
      ...build,
      dockerfile: { name: 'Dockerfile', text: dockerfile },
      context,
      images: [imageSource({ base: { layers: ['one', 'two'] }, other: {}, ...images })],
      cache: NOTHING_CACHED,
      store: UNUSED,
      stateDir: join(this.scratch, 'state'),
      isolation: () => Promise.reject(new Error('A plan executes nothing')),
    });
    const chain = chainOf(stage.tip).map((step) => keys.get(step)?.key);
    const history = stage.history.map(({ createdBy }) => createdBy);
    return {
      ...Object.fromEntries([...keys].map(([step, { key }]) => [step.info.id, key])),
      image: sha256(JSON.stringify([chain, history, stage.state.config, stage.state.author, stage.state.platform])),
    };
  }
}

const NOTHING_CACHED: CacheBackend = { name: 'none', lookup: async () => undefined, store: async () => undefined };
const UNUSED = {} as LocalBlobStore;

function ignoreOf(root: string): readonly string[] {
  try {
    return parseIgnoreFile(readFileSync(join(root, '.dockerignore'), 'utf8'));
  } catch {
    return [];
  }
}

function imageSource(images: Readonly<Record<string, TestImage>>): ImageSource {
  return {
    name: 'test',
    async resolve({ repository }, { platform }) {
      const image = images[repository.replace('library/', '')];
      return image && imageOf(image, platform);
    },
  };
}

function imageOf({ layers = [], config = {}, annotation = '' }: TestImage, platform: Platform): Image {
  return imageOfConfig(
    {
      ...platform,
      config: { Env: ['PATH=/bin'], ...config },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => sha256(layer)) },
      history: [],
    },
    { origin: { source: 'test', name: 'test' }, annotations: { note: annotation } },
  );
}

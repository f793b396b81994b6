import { sha256 } from '@shale/core';
import { expect, it } from 'vitest';
import { corpus } from './key-corpus-fixture.ts';
import { KeyFixture } from './key-fixture.ts';

const mountsSome = (dockerfile: string) => dockerfile.includes('--mount=');

/** All keys of the corpus as one digest: of the Dockerfiles with mounts, or of the others. */
async function corpusDigest(isWanted: (dockerfile: string) => boolean): Promise<string> {
  const umask = process.umask(0o022); // modes of the context's files count
  using fixture = new KeyFixture();
  try {
    const keys: unknown[] = [];
    for (const { dockerfile, files, prepare, mutations: _, ...options } of corpus) {
      if (!isWanted(dockerfile)) continue;
      const root = fixture.writeContext(files);
      prepare?.(root);
      const { image: __, ...steps } = await fixture.keys(dockerfile, root, options);
      keys.push(steps);
    }
    return sha256(JSON.stringify(keys));
  } finally {
    process.umask(umask);
  }
}

// A changed digest makes the caches of all users cold, so only a new version of an encoding may change one. Steps with
// mounts, and those on top of them, are in their second version: options of a mount count by name, not as JSON.

it('keys of steps without mounts are what they have always been', async () => {
  expect(await corpusDigest((dockerfile) => !mountsSome(dockerfile))).toBe(
    'sha256:7195ece9e1a1d199e613dc1ded8c1bd8fa6911d7d7781fbb93393880182dfdde',
  );
});

it('keys of steps with mounts are those of the second version of their encoding', async () => {
  expect(await corpusDigest(mountsSome)).toBe(
    'sha256:b6df16e6157cdaeb65e558fd59e91c871d814e6e0b9650f5143fe1458b6706ac',
  );
});

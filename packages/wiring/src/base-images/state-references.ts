import { join } from 'node:path';
import { layoutReferences, manifestReferences } from '@shale/cache/care';
import { blobDirectory, type CallOptions, type Digest } from '@shale/core';
import { listMemories } from './image-memory.ts';

/** Digests of all blobs that a state folder must keep: those of named images, and of base images that builds used. */
export async function* stateReferences(stateDir: string, options: CallOptions = {}): AsyncGenerator<Digest> {
  yield* layoutReferences(stateDir, options);
  const memories = await listMemories(join(stateDir, 'images'));
  const manifests = memories.map(({ manifest }) => manifest);
  yield* manifestReferences(blobDirectory(stateDir), manifests, options);
}

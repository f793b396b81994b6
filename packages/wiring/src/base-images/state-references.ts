import { join } from 'node:path';
import { layoutReferences, manifestReferences } from '@shale/cache/care';
import { blobDirectory, type CallOptions, type Digest } from '@shale/core';
import { listMemories } from './image-memory.ts';

/** Every blob of a state folder that somebody needs: images that were named here, and base images that were seen. */
export async function* stateReferences(stateDir: string, options: CallOptions = {}): AsyncGenerator<Digest> {
  yield* layoutReferences(stateDir, options);
  const memories = await listMemories(join(stateDir, 'images'));
  const manifests = memories.map(({ manifest }) => manifest);
  yield* manifestReferences(blobDirectory(stateDir), manifests, options);
}

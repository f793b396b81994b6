import { pinEntries, unpinEntries } from '@shale/cache/care';
import { countOf } from '../../terminal/format.ts';
import { UsageError } from '../../errors/usage-error.ts';
import { type CacheInvocation, openCachePlace } from './place.ts';
import { resolveKeys } from './resolve-keys.ts';

/** `shale cache pin`. */
export async function runPin(invocation: CacheInvocation): Promise<void> {
  await change(invocation, pinEntries, 'Pinned');
}

/** `shale cache unpin`. */
export async function runUnpin(invocation: CacheInvocation): Promise<void> {
  await change(invocation, unpinEntries, 'Unpinned');
}

async function change(invocation: CacheInvocation, write: typeof pinEntries, verb: string): Promise<void> {
  const { args, stderr, signal } = invocation;
  await using place = openCachePlace(invocation);
  if (place.type === 'registry') {
    throw new UsageError('A registry has no place for pins', { hint: 'Name what stays: shale cache prune --pin KEY.' });
  }
  await write(place.directory.root, await resolveKeys(place, args, { signal }));
  stderr.write(`${verb} ${countOf(args.length, 'entry', 'entries')} of ${place.name}\n`);
}

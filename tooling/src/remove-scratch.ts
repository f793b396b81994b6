import { readFileSync } from 'node:fs';
import { requireCommand, runCommand } from './command.ts';

/**
 * Removes a directory, and unmounts the mounts that a container engine left below it.
 * @throws where something cannot be unmounted or removed
 */
export async function removeScratch(directory: string): Promise<void> {
  const failures: string[] = [];
  for (const mount of mountsBelow(directory)) {
    const { status, stderr } = await runCommand(['umount', '--lazy', mount]);
    if (status !== 0) failures.push(stderr.trim());
  }
  const left = mountsBelow(directory); // unmounting one may unmount another
  if (left.length > 0) throw new Error(`Still mounted: ${left.join(' ')}\n${failures.join('\n')}`);
  await requireCommand(['rm', '-rf', '--one-file-system', directory]);
}

/** The innermost first. */
function mountsBelow(directory: string): readonly string[] {
  const places = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[1] ?? []);
  return places.filter((place) => place.startsWith(`${directory}/`)).toReversed();
}

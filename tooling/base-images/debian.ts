import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import { writeTreeImage } from './oci-image.ts';

export const DEBIAN_SUITE = 'bookworm';
const EPOCH_SECONDS = 1_700_000_000;
/** Files that a first boot or the next `apt-get update` makes again. */
const VOLATILE = ['var/cache/apt/archives', 'var/lib/apt/lists', 'var/log', 'etc/machine-id', 'var/lib/dbus'];

/** Debian's minbase as an image, bootstrapped from the mirror that this machine's apt uses. Needs root. */
export async function makeDebianImage(layout: string): Promise<void> {
  const rootfs = `${layout}.rootfs`;
  await rm(rootfs, { recursive: true, force: true });
  await requireCommand(['debootstrap', '--variant=minbase', DEBIAN_SUITE, rootfs, await aptMirror()]);
  for (const path of VOLATILE) await requireCommand(['sh', '-c', `rm -rf "$1"/*`, 'sh', join(rootfs, path)]);
  await rm(join(rootfs, 'etc/machine-id'), { force: true });
  const config = { Cmd: ['bash'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] };
  await writeTreeImage(rootfs, { layout, tag: 'latest', config, epochSeconds: EPOCH_SECONDS });
  await requireCommand(['rm', '-rf', '--one-file-system', rootfs]);
}

async function aptMirror(): Promise<string> {
  const targets = await requireCommand([
    'apt-get',
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Component: main',
    'Created-By: Packages',
  ]);
  const mirror = targets.split('\n').find((uri) => uri.includes('debian') && !uri.includes('security'));
  if (mirror === undefined)
    throw new Error("Found no Debian mirror in this machine's apt sources to bootstrap a base image from.");
  return mirror.trim();
}

import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import { writeTreeImage } from './oci-image.ts';

const EPOCH_SECONDS = 1_700_000_000;
const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'sys',
  'tmp',
  'usr/bin',
  'usr/sbin',
  'var/spool/mail',
  'var/www',
];
const FILES: Readonly<Record<string, string>> = {
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    'daemon:x:1:1:daemon:/usr/sbin:/bin/false',
    'www-data:x:33:33:www-data:/var/www:/bin/false',
    'alice:x:1000:1000:Alice:/home/alice:/bin/sh',
    'nobody:x:65534:65534:nobody:/home:/bin/false\n',
  ].join('\n'),
  'etc/group': [
    'root:x:0:',
    'daemon:x:1:',
    'staff:x:50:alice',
    'www-data:x:33:',
    'video:x:44:alice',
    'alice:x:1000:',
    'nogroup:x:65534:\n',
  ].join('\n'),
  'etc/hosts': '',
  'etc/resolv.conf': '',
};

/** `busybox` as an image: the static binary, a link for each applet, users `root` and `alice` (1000, also staff and video). */
export async function makeBusyboxImage(layout: string): Promise<void> {
  const rootfs = `${layout}.rootfs`;
  for (const directory of DIRECTORIES) await mkdir(join(rootfs, directory), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(rootfs, path), text);
  await chmod(join(rootfs, 'tmp'), 0o1777);
  await chmod(join(rootfs, 'root'), 0o700);
  const program = (await requireCommand(['which', 'busybox'])).trim();
  await copyFile(program, join(rootfs, 'bin/busybox'));
  await chmod(join(rootfs, 'bin/busybox'), 0o755);
  const applets = (await requireCommand([program, '--list']))
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox');
  for (const applet of applets) await symlink('busybox', join(rootfs, 'bin', applet));
  const config = { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] };
  await writeTreeImage(rootfs, { layout, tag: 'latest', config, epochSeconds: EPOCH_SECONDS });
  await requireCommand(['rm', '-rf', rootfs]);
}

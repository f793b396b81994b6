import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const APPLETS =
  'sh cat chmod chroot dd echo env find grep head hostname id ip kill ln ls mkdir mknod mount mv ps pwd rm setsid sleep stat test touch true unshare wc yes';

/** Makes a tree of busybox alone, without `/dev`, `/proc` or `/etc`. */
export function makeBusyboxTree(path: string): void {
  mkdirSync(join(path, 'bin'), { recursive: true });
  mkdirSync(join(path, 'tmp'));
  chmodSync(join(path, 'tmp'), 0o1777);
  copyFileSync('/bin/busybox', join(path, 'bin/busybox'));
  for (const applet of APPLETS.split(' ')) symlinkSync('busybox', join(path, 'bin', applet));
}

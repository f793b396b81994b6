import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename, dirname } from 'node:path';
import type { CallOptions } from '@shale/core';
import type { StepMount } from './executor.ts';
import { applyMetadata } from '../tree/apply-metadata.ts';
import { exactStats } from '../tree/exact-time.ts';
import { exportDirectory } from '../tree/directory.ts';
import { directoryAt } from '../tree/directory-times.ts';
import { makeInTree } from '../tree/scoped-path.ts';
import { removeTree } from '../tree/remove-tree.ts';
import type { StandIns } from './stand-ins.ts';

export interface MountStandInOptions extends CallOptions {
  readonly root: string;
}

/**
 * Gives a step what it asked to be mounted, as copies. What it writes to a directory that is mounted to be written to is
 * brought back; all other writes are lost, as they would be.
 */
export async function placeMount(standIns: StandIns, mount: StepMount, options: MountStandInOptions): Promise<void> {
  if (mount.type === 'tmpfs') {
    standIns.directory(mount.target, mount.mode ?? 0o1777, { uid: 0, gid: 0 });
    return;
  }
  const stats = statSync(mount.source);
  const keepsWrites = mount.type === 'bind' && !mount.readOnly;
  if (stats.isSocket()) await placeSocket(standIns, mount, options);
  else if (stats.isDirectory()) await placeDirectory(standIns, mount, stats, keepsWrites, options);
  else placeFile(standIns, mount, stats, keepsWrites);
}

type SourceMount = Exclude<StepMount, { type: 'tmpfs' }>;

function placeFile(standIns: StandIns, { source, target }: SourceMount, stats: Stats, keepsWrites: boolean): void {
  const path = standIns.file(target, readFileSync(source), stats.mode, stats);
  if (!keepsWrites) return;
  standIns.beforehand(() => {
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) copyFileSync(path, source);
  });
}

async function placeDirectory(
  standIns: StandIns,
  { source, target }: SourceMount,
  stats: Stats,
  keepsWrites: boolean,
  { root, signal }: MountStandInOptions,
): Promise<void> {
  const path = standIns.directory(target, stats.mode, stats);
  await copyTree(source, path, { signal });
  if (!keepsWrites) return;
  standIns.beforehand(async () => {
    if (directoryAt(root, path) !== undefined) await replaceTree(source, path);
  });
}

/** Everything in `from` also in `to`: owners, times, attributes and links. No program of the image's may do it. */
async function copyTree(from: string, to: string, options?: CallOptions): Promise<void> {
  await exportDirectory(from, to, options);
  applyMetadata(to, exactStats(from));
}

/** Readers of the old tree keep it; there is no moment with half a tree. */
async function replaceTree(path: string, content: string): Promise<void> {
  const mark = randomBytes(6).toString('hex');
  const [fresh, old] = [`${path}.new-${mark}`, `${path}.old-${mark}`];
  mkdirSync(fresh);
  await copyTree(content, fresh);
  renameSync(path, old);
  renameSync(fresh, path);
  removeTree(old);
}

/** A socket cannot be copied: connections are passed on. */
async function placeSocket(
  standIns: StandIns,
  { source, target }: SourceMount,
  { root }: MountStandInOptions,
): Promise<void> {
  const path = makeInTree(root, target, 'file');
  unlinkSync(path);
  const server = createServer((client) => {
    const agent = connect(source);
    client.on('error', () => agent.destroy());
    agent.on('error', () => client.destroy());
    client.pipe(agent).pipe(client);
  });
  const directory = openSync(dirname(path), 'r');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(`/proc/self/fd/${directory}/${basename(path)}`, resolve); // names of sockets are short
  await promise;
  const { uid, gid, mode } = lstatSync(source);
  chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
  standIns.beforehand(async () => {
    await new Promise((closed) => {
      server.close(closed);
    });
    closeSync(directory);
  });
}

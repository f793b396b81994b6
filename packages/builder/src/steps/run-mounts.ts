import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Resources, ShaleError } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import { loadSystemCalls } from '@shale/core/linux';
import type { Mount } from '@shale/dockerfile-parser';
import type { RunAction, RunMount, TreeSource } from '../graph/build-graph.ts';
import { emptyCacheMount, openCacheMount } from '../snapshotters/cache-mounts.ts';
import { resolveInTree } from '../tree/scoped-path.ts';
import type { StepMount } from '../executors/executor.ts';
import { mountedPaths } from '../host/mount-table.ts';
import { readSecret, SecretError } from '../graph/secrets.ts';
import { forwardAgent } from './forward-agent.ts';
import type { StepContext } from './step-context.ts';

/** Everything mounted into one RUN. Disposed, nothing of it is left but what caches keep. */
export interface RunMounts extends AsyncDisposable {
  readonly mounts: readonly StepMount[];
  /** `NAME=value` from `env=` of secrets and from ssh. */
  readonly environment: readonly string[];
}

export class MountSourceError extends ShaleError {
  readonly code = 'SOURCE_MISSING';
}

class SshAgentMissingError extends ShaleError {
  readonly code = 'SSH_AGENT_MISSING';
}

interface Opened {
  readonly mounts: StepMount[];
  readonly environment: string[];
  readonly resources: Resources;
  /** For secrets and scripts: in memory where a tmpfs can be mounted. */
  scratch(): Promise<string>;
}

export async function openRunMounts(action: RunAction, context: StepContext): Promise<RunMounts> {
  await using resources = new Resources();
  let scratch: Promise<string> | undefined;
  const opened: Opened = {
    mounts: [],
    environment: [],
    resources,
    scratch: () => (scratch ??= openMemory(context.options.stateDir, resources)),
  };
  let sshAgents = 0;
  for (const item of action.mounts) {
    if (item.mount.type === 'ssh') sshAgents += 1;
    await openMount(item, opened, context, sshAgents - 1);
  }
  for (const { path, content } of action.scripts) {
    const source = await placeFile(opened, Buffer.from(content), { mode: 0o755, uid: 0, gid: 0 });
    opened.mounts.push({ type: 'bind', source, target: path, readOnly: true });
  }
  const kept = resources.move();
  return {
    mounts: opened.mounts,
    environment: opened.environment,
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

async function openMount(item: RunMount, opened: Opened, context: StepContext, sshIndex: number): Promise<void> {
  const { mount } = item;
  switch (mount.type) {
    case 'bind':
      return openBind(mount, item.source, opened, context);
    case 'cache':
      return openCache(mount, item.source, opened, context);
    case 'tmpfs':
      opened.mounts.push({ type: 'tmpfs', target: mount.target, sizeBytes: mount.sizeBytes });
      return;
    case 'secret':
      return openSecret(mount, opened, context);
    case 'ssh':
      return openSsh(mount, opened, context, sshIndex);
  }
}

async function openBind(
  mount: Extract<Mount, { type: 'bind' }>,
  source: TreeSource | undefined,
  opened: Opened,
  context: StepContext,
): Promise<void> {
  if (source === undefined) throw new Error('a bind mount without a source');
  const path = await openSource(source, mount.source, opened, context);
  if (mount.readOnly) opened.mounts.push({ type: 'bind', source: path, target: mount.target, readOnly: true });
  else opened.mounts.push({ type: 'overlay', source: path, target: mount.target });
}

/** A symlink in the tree leads within the tree, whatever it says. */
function sourceInTree(root: string, source: string): string {
  const { existing, missing } = resolveInTree(root, source);
  if (missing.length === 0) return existing;
  throw new MountSourceError(`failed to calculate checksum: "${source}": not found`, {
    hint: 'Check source= of the mount.',
  });
}

/** The file or directory of a mount, on the host. */
async function openSource(source: TreeSource, path: string, opened: Opened, context: StepContext): Promise<string> {
  if (source.type === 'context') return context.session.visible.open(source.context, path);
  return sourceInTree(opened.resources.use(await context.view(source.node)).path, path);
}

async function openCache(
  mount: Extract<Mount, { type: 'cache' }>,
  source: TreeSource | undefined,
  opened: Opened,
  context: StepContext,
): Promise<void> {
  const parent = context.options.cacheMountDir ?? context.options.stateDir;
  const { id = mount.target } = mount;
  if (context.step.noCache && !context.session.emptiedCaches.has(id)) emptyCacheMount(id, parent);
  context.session.emptiedCaches.add(id);
  const directory = opened.resources.use(
    await openCacheMount(id, { parent, sharing: mount.sharing, signal: context.signal }),
  );
  if (directory.fresh) {
    await chmod(directory.path, mount.mode);
    await chown(directory.path, mount.uid, mount.gid);
    if (source !== undefined) await seedCache(mount, source, directory.path, opened, context);
  }
  opened.mounts.push({ type: 'bind', source: directory.path, target: mount.target, readOnly: mount.readOnly });
}

async function seedCache(
  mount: Extract<Mount, { type: 'cache' }>,
  source: TreeSource,
  directory: string,
  opened: Opened,
  context: StepContext,
): Promise<void> {
  const path = await openSource(source, mount.source, opened, context);
  const { exportDirectory } = await import('../tree/directory.ts');
  await exportDirectory(path, directory, { signal: context.signal });
}

async function openSecret(
  mount: Extract<Mount, { type: 'secret' }>,
  opened: Opened,
  { options }: StepContext,
): Promise<void> {
  const source = options.secrets?.get(mount.id);
  if (source === undefined) {
    if (!mount.required) return;
    throw new SecretError(`secret ${mount.id}: not found`, {
      hint: `Give the build a secret with the id ${mount.id}.`,
    });
  }
  const value = await readSecret(mount.id, source);
  if (mount.env !== undefined) opened.environment.push(`${mount.env}=${Buffer.from(value).toString('utf8')}`);
  if (mount.target === undefined) return;
  const path = await placeFile(opened, value, mount);
  opened.mounts.push({ type: 'bind', source: path, target: mount.target, readOnly: true });
}

async function openSsh(
  mount: Extract<Mount, { type: 'ssh' }>,
  opened: Opened,
  { options }: StepContext,
  index: number,
): Promise<void> {
  const socket = options.ssh?.get(mount.id);
  if (socket === undefined) {
    if (!mount.required) return;
    throw new SshAgentMissingError(`unset ssh forward key ${mount.id}`, {
      hint: `Give the build an SSH agent with the id ${mount.id}.`,
    });
  }
  const target = mount.target ?? `/run/buildkit/ssh_agent.${index}`;
  const path = join(await opened.scratch(), `agent.${index}`);
  opened.resources.use(await forwardAgent(socket, { path, ...mount }));
  opened.mounts.push({ type: 'bind', source: path, target, readOnly: false });
  opened.environment.push(`SSH_AUTH_SOCK=${target}`);
}

async function placeFile(
  opened: Opened,
  content: Uint8Array,
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<string> {
  const path = join(await opened.scratch(), String(opened.mounts.length));
  await writeFile(path, content, { mode: 0o600, flag: 'wx' });
  await chown(path, uid, gid);
  await chmod(path, mode);
  return path;
}

/** The engine of every container mounts it; of hosts, systemd. */
const SHARED_MEMORY = '/dev/shm';

/** A private directory, in memory where there is some: a secret then never reaches a disk, and ends with the process. */
async function openMemory(stateDir: string, resources: Resources): Promise<string> {
  const calls = loadSystemCalls();
  const parent = join(stateDir, 'tmp');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const { path } = resources.use(await openScratchDirectory(parent));
  try {
    calls?.mount({ source: 'tmpfs', target: path, type: 'tmpfs', data: 'mode=0700' });
  } catch {
    // without the right to mount, a directory that only this user may read
    return mountedPaths().includes(SHARED_MEMORY)
      ? resources.use(await openScratchDirectory(SHARED_MEMORY)).path
      : path;
  }
  if (calls !== undefined) resources.defer(() => calls.umount(path));
  return path;
}

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { constants, userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Capability, hasCapability } from './privileges.ts';

export interface UserNamespaceOptions {
  /** The program and its arguments: this program itself, as it was started. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const MAPPING_TIMEOUT_MS = 5000;
const POLL_MS = 2;
const TOOLS_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

/** Whether this process lacks rights that a user namespace could give it. */
export function wantsUserNamespace(): boolean {
  return process.platform === 'linux' && !hasCapability(Capability.sysAdmin);
}

/**
 * Runs a command as root of a new user namespace, with mounts of its own, so that owners, mounts and devices work there as
 * for root. An ordinary user's further ids come from `/etc/subuid` and `/etc/subgid`; root of a container maps the ids that
 * it has.
 * @returns Its exit code; `undefined` where no such namespace can be made, and nothing was run.
 */
export async function runInUserNamespace({ command, env }: UserNamespaceOptions): Promise<number | undefined> {
  if (!isAllowed()) return undefined;
  const child = spawn(
    'unshare',
    ['-U', '-m', 'sh', '-c', 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"', 'sh', ...command],
    {
      env: { ...env, SHALE_USER_NAMESPACE: '1' },
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    },
  );
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, forward);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    child.once('error', () => resolve(125));
  });
  const gate = child.stdio[3] as NodeJS.WritableStream;
  gate.on('error', () => {}); // the child is gone, which its exit tells
  try {
    await mapIds(child.pid);
    gate.end('go\n');
  } catch {
    gate.end();
    await ended;
    return undefined;
  }
  return ended;
}

/** Not all kernels and containers allow it; one that does not may leave a child hanging, so it is tried first. */
function isAllowed(): boolean {
  try {
    execFileSync('unshare', ['-U', 'true'], { stdio: 'ignore', timeout: MAPPING_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

async function mapIds(pid: number | undefined): Promise<void> {
  if (pid === undefined) throw new Error('unshare could not be started');
  const own = readlinkSync('/proc/self/ns/user');
  const deadline = performance.now() + MAPPING_TIMEOUT_MS;
  while (readlinkSync(`/proc/${pid}/ns/user`) === own) {
    if (performance.now() > deadline) throw new Error('unshare made no user namespace');
    await delay(POLL_MS);
  }
  if (process.getuid?.() === 0) return mapOwnIds(pid);
  const { username, uid, gid } = userInfo();
  runMapper('newuidmap', pid, uid, subordinate('/etc/subuid', username, uid));
  runMapper('newgidmap', pid, gid, subordinate('/etc/subgid', username, uid));
}

/** Root of a container may hand on every id that the container has. */
function mapOwnIds(pid: number): void {
  for (const kind of ['uid', 'gid'] as const) {
    const ranges = readFileSync(`/proc/self/${kind}_map`, 'utf8').trim().split('\n');
    const identity = ranges.map((range) => {
      const [inside = '0', , count = '1'] = range.trim().split(/\s+/);
      return `${inside} ${inside} ${count}`;
    });
    writeFileSync(`/proc/${pid}/${kind}_map`, `${identity.join('\n')}\n`);
  }
}

interface IdRange {
  readonly start: string;
  readonly count: string;
}

function subordinate(file: string, name: string, id: number): IdRange {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, start, count] = lines.find(([owner]) => owner === name || owner === String(id)) ?? [];
  if (start === undefined || count === undefined) throw new Error(`${file} gives ${name} no ids`);
  return { start, count };
}

function runMapper(program: string, pid: number, id: number, { start, count }: IdRange): void {
  execFileSync(program, [String(pid), '0', String(id), '1', '1', start, count], {
    env: { PATH: TOOLS_PATH },
    stdio: 'ignore',
  });
}

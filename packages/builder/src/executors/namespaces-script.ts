import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StepMount, StepProcess } from './executor.ts';
import { makeInTree } from '../tree/scoped-path.ts';
import { HOST_PATH, shellWord } from '../host/host-path.ts';
import { findHostProgram, hostProgram } from '../host/host-program.ts';
import { DEVICE_LINKS, DEVICES, hostsFile, MASKED_PATHS, READ_ONLY_PATHS } from './sandbox-paths.ts';

/** The line that says that the step starts now. */
export const READY = 'ready';

/** Docker's. */
const CAPABILITIES =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap';

/** In the tree: `chroot` itself starts in its root. */
const IN_DIRECTORY = ['/bin/sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh'];

/**
 * What process 1 of a step's namespaces does, in a shell of the host: mounts, then the step, then waiting for both the
 * step and whatever the builder says on descriptor 3: signals to send, and its end, at which everything ends.
 */
export function namespacesScript(step: StepProcess): string {
  return [
    'set -e',
    `PATH=${HOST_PATH}`,
    ...treeMounts(step),
    ...deviceMounts(join(step.root, 'dev'), step),
    ...nameFiles(step),
    ...(step.security === 'sandbox' ? protections(step.root) : []),
    ...step.mounts.flatMap((mount) => stepMount(step.root, mount)),
    `echo ${shellWord(step.hostname)} > /proc/sys/kernel/hostname`,
    ...(step.network === 'none' ? ['ip link set lo up'] : []),
    // over everything else, so that who leaves the chroot is in the tree still
    `cd ${shellWord(step.root)}`,
    `mount --move ${shellWord(step.root)} /`,
    'umask 022',
    'set +e',
    `echo ${READY} >&3`,
    `( exec 3<&-; ${ownVariables(step).join('; ')}; exec ${stepCommand(step).map(shellWord).join(' ')} ) &`,
    'step=$!',
    '( while read -r name; do kill -s "$name" -- "-$step"; done <&3; kill -s KILL -- -1 ) >/dev/null 2>&1 &',
    'exec 3<&-',
    'wait $step',
    'exit $?',
  ].join('\n');
}

function treeMounts({ root, security }: StepProcess): string[] {
  const tree = shellWord(root);
  const access = security === 'sandbox' ? 'ro' : 'rw';
  return [
    `mount --bind ${tree} ${tree}`,
    security === 'sandbox'
      ? `mount -o remount,bind,nodev ${tree}`
      : `mount -o remount,bind,dev ${tree} 2>/dev/null || true`,
    `mount -t proc -o nosuid,nodev,noexec proc ${shellWord(join(root, 'proc'))}`,
    `mount -t sysfs -o ${access},nosuid,nodev,noexec sysfs ${shellWord(join(root, 'sys'))} 2>/dev/null || {`,
    `  mount --rbind /sys ${shellWord(join(root, 'sys'))}`,
    `  mount -o remount,bind,${access} ${shellWord(join(root, 'sys'))} 2>/dev/null || true`,
    '}',
  ];
}

function deviceMounts(dev: string, { security }: StepProcess): string[] {
  const at = (name: string) => shellWord(join(dev, name));
  const terminals = 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620';
  return [
    `mount -t tmpfs -o nosuid,noexec${security === 'sandbox' ? ',nodev' : ''},mode=755,size=65536k tmpfs ${shellWord(dev)}`,
    ...DEVICES.filter((name) => existsSync(`/dev/${name}`)).flatMap((name) => [
      `: > ${at(name)}`,
      `mount --bind /dev/${name} ${at(name)}`,
    ]),
    ...DEVICE_LINKS.map(([name, target]) => `ln -s ${target} ${at(name)}`),
    `mkdir ${['pts', 'shm', 'mqueue'].map(at).join(' ')}`,
    `mount -t devpts -o ${terminals},gid=5 devpts ${at('pts')} 2>/dev/null || mount -t devpts -o ${terminals} devpts ${at('pts')}`,
    `mount -t tmpfs -o nosuid,noexec,nodev,mode=1777,size=65536k tmpfs ${at('shm')}`,
    `mount -t mqueue -o nosuid,noexec,nodev mqueue ${at('mqueue')} 2>/dev/null || true`,
  ];
}

function nameFiles({ root, hostname }: StepProcess): string[] {
  const content = shellWord(join(root, 'dev/.content'));
  const bindContent = (write: string, target: string) => [
    write,
    `mount --bind ${content} ${shellWord(makeInTree(root, target, 'file'))}`,
    `rm ${content}`,
  ];
  return [
    ...bindContent(`printf %s ${shellWord(hostsFile(hostname))} > ${content}`, '/etc/hosts'),
    ...bindContent(`cat /etc/resolv.conf > ${content} 2>/dev/null || : > ${content}`, '/etc/resolv.conf'),
  ];
}

function protections(root: string): string[] {
  const protect = READ_ONLY_PATHS.map((path) => {
    const place = shellWord(join(root, path));
    return `[ ! -e ${place} ] || { mount --rbind ${place} ${place}; mount -o remount,bind,ro ${place}; }`;
  });
  const mask = MASKED_PATHS.map((path) => {
    const place = shellWord(join(root, path));
    const directory = `mount -t tmpfs -o ro,nosuid,nodev,noexec,size=0,mode=555 tmpfs ${place}`;
    return `if [ -d ${place} ]; then ${directory}; elif [ -e ${place} ]; then mount --bind /dev/null ${place}; fi`;
  });
  return [...protect, ...mask];
}

function stepMount(root: string, mount: StepMount): string[] {
  if (mount.type === 'tmpfs') {
    const { sizeBytes, mode = 0o1777 } = mount;
    const size = sizeBytes === undefined ? '' : `,size=${sizeBytes}`;
    const place = shellWord(makeInTree(root, mount.target, 'directory'));
    return [`mount -t tmpfs -o nosuid,nodev,mode=${mode.toString(8)}${size} tmpfs ${place}`];
  }
  const isDirectory = statSync(mount.source).isDirectory();
  const [source, place] = [mount.source, makeInTree(root, mount.target, isDirectory ? 'directory' : 'file')].map(
    shellWord,
  );
  if (mount.type === 'bind') {
    return [`mount --rbind ${source} ${place}`, `mount -o remount,bind,nodev${mount.readOnly ? ',ro' : ''} ${place}`];
  }
  const memory = shellWord(join(root, 'dev/.content'));
  return [
    `mkdir ${memory}`,
    `mount -t tmpfs -o nosuid,nodev,mode=700 tmpfs ${memory}`,
    `cp -a ${source} ${memory}/copy`,
    `mount --bind ${memory}/copy ${place}`,
    `umount -l ${memory}`,
    `rmdir ${memory}`,
  ];
}

/** The shell has the step's environment, but for what shells change themselves. */
function ownVariables({ env }: StepProcess): string[] {
  return ['PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'].map((name) => {
    const given = env.findLast((entry) => entry.startsWith(`${name}=`));
    return given === undefined ? `unset ${name}` : `export ${shellWord(given)}`;
  });
}

function stepCommand({ args, cwd, user, security }: StepProcess): string[] {
  const prlimit = findHostProgram('prlimit');
  return [
    hostProgram('setsid', 'util-linux'),
    ...(prlimit === undefined ? [] : [prlimit, '--nofile=1024:']),
    ...(security === 'sandbox' ? [hostProgram('setpriv', 'util-linux'), `--bounding-set=${CAPABILITIES}`] : []),
    hostProgram('chroot', 'coreutils'),
    `--userspec=${user.uid}:${user.gid}`,
    `--groups=${user.groups.join(',')}`,
    '.',
    ...(cwd === '/' ? args : [...IN_DIRECTORY, cwd, ...args]),
  ];
}

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BaseRegistry, startBaseRegistry } from '../base-images/base-registry.ts';
import { buildOwnImage } from '../image/build-image.ts';
import { runCommand } from '../src/command.ts';
import { type ContainerEngine, openDocker } from '../src/container-engine.ts';

const IMAGE = 'localhost/shale:matrix';
const BUSYBOX = '/.envbuilder/bin/busybox';

let scratch: string;
let base: BaseRegistry;
let engine: ContainerEngine;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'shale-matrix-'));
  mkdirSync(join(scratch, 'context'));
  writeFileSync(
    join(scratch, 'context/Dockerfile'),
    'FROM busybox\nRUN id -u > /id && ls /proc/self > /dev/null && echo seen $(ls -A /)\n',
  );
  base = await startBaseRegistry(['busybox']);
  engine = await openDocker();
  await engine.load((await buildOwnImage()).archive, IMAGE);
}, 1_200_000);

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await base?.[Symbol.asyncDispose]();
  await runCommand(['rm', '-rf', '--one-file-system', scratch]);
});

const UNCONFINED = ['--security-opt', 'seccomp=unconfined'];
/** But for the one that this machine may not have itself. */
const ALL = [...UNCONFINED, '--cap-add', 'ALL', '--cap-drop', 'SYS_RESOURCE'];
const USER = ['--user', '1000'];
const VOLUME = ['--mount', 'type=tmpfs,destination=/volume'];

/** What the kernel allows, tried by busybox: y or n for each of the columns. */
const PROBES = {
  'mount tmpfs': `${BUSYBOX} mount -t tmpfs none /dev/shm`,
  'unshare -m': `${BUSYBOX} unshare -m ${BUSYBOX} true`,
  'unshare -U': `${BUSYBOX} unshare -U ${BUSYBOX} true`,
  chroot: `${BUSYBOX} chroot / ${BUSYBOX} true`,
  mknod: `${BUSYBOX} mknod /null c 1 3`,
  chown: `: > /owned && ${BUSYBOX} chown 5 /owned`,
} as const;

it.each([
  ['default', [], 'n n n y y y'],
  ['seccomp unconfined, as in Kubernetes', UNCONFINED, 'n n y y y y'],
  ['the same, user 1000', [...UNCONFINED, ...USER], 'n n y n n n'],
  ['default, user 1000', USER, 'n n n n n n'],
  ['SYS_ADMIN', ['--cap-add', 'SYS_ADMIN'], 'y y y y y y'],
  ['all rights', ALL, 'y y y y y y'],
])('what a container may do: %s', async (_, flags, expected) => {
  const tries = Object.values(PROBES).map((probe) => `(${probe}) > /dev/null 2>&1 && echo y || echo n`);
  const script = tries.join('\n');
  const { stdout } = await engine.run({
    image: IMAGE,
    flags: [...flags, '--entrypoint', BUSYBOX],
    args: ['sh', '-c', script],
  });
  expect(stdout.trim().replaceAll('\n', ' ')).toBe(expected);
});

it.each([
  ['default', [], '/.envbuilder/state', 'in-place + copy'],
  ['seccomp unconfined, as in Kubernetes', UNCONFINED, '/.envbuilder/state', 'namespaces + copy'],
  ['the same with a volume for the state', [...UNCONFINED, ...VOLUME], '/volume/state', 'namespaces + overlay'],
  ['SYS_ADMIN', ['--cap-add', 'SYS_ADMIN'], '/.envbuilder/state', 'namespaces + copy'],
  ['all rights', ALL, '/.envbuilder/state', 'namespaces + copy'],
  ['all rights and a volume', [...ALL, ...VOLUME], '/volume/state', 'namespaces + overlay'],
])('how shale runs steps there: %s', async (_, flags, stateDir, expected) => {
  const options = ['--state-dir', stateDir, '--registry-mirror', base.url, '--progress', 'plain'];
  const { status, stderr } = await engine.run({
    image: IMAGE,
    volumes: [`${join(scratch, 'context')}:/context:ro`],
    flags: [...flags, '--entrypoint', '/.envbuilder/bin/shale'],
    args: ['build', ...options, '-o', 'type=tar,dest=/dev/null', '/context'],
  });
  expect(status, stderr).toBe(0);
  expect(stderr).toContain(`[isolation] ${expected}`);
  const seen = /^#\d+ [\d.]+ seen (.*)$/m.exec(stderr)?.[1]?.split(' ');
  expect(seen, stderr).toContain('bin');
  expect(seen?.includes('.envbuilder')).toBe(expected.startsWith('in-place'));
});

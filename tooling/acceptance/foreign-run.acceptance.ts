import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireCommand, runCommand } from '../src/command.ts';
import { shaleProgram } from '../src/shale.ts';

/** A program of another architecture: what `uname -m` says in it, and how binfmt_misc tells it. */
const MAGIC = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
const MASK = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;
const DOCKERFILE = `FROM scratch
ARG TARGETPLATFORM
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "echo $TARGETPLATFORM $(busybox uname -m) > /made"]
`;

let scratch: string;
let context: string;
let emulator: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'shale-foreign-'));
  context = join(scratch, 'context');
  await mkdir(context);
  emulator = join(await unpackPackage('qemu-user-static'), 'usr/bin/qemu-aarch64-static');
  await copyFile(join(await unpackPackage('busybox-static', 'arm64'), 'bin/busybox'), join(context, 'busybox'));
  await writeFile(join(context, 'Dockerfile'), DOCKERFILE);
  await writeFile(join(scratch, 'register.sh'), registration(emulator, 'F'));
  await writeFile(join(scratch, 'register-open.sh'), registration(emulator, ''));
}, 600_000);
afterAll(() => runCommand(['rm', '-rf', '--one-file-system', scratch]));

/** Debian's package, unpacked and not installed; apt's own lists stay as they are. */
async function unpackPackage(name: string, architecture?: string): Promise<string> {
  const directory = join(scratch, name);
  await mkdir(join(directory, 'lists/partial'), { recursive: true });
  await mkdir(join(directory, 'archives/partial'), { recursive: true });
  await writeFile(join(directory, 'status'), '');
  const places = [`Dir::State::lists=${directory}/lists`, `Dir::State::status=${directory}/status`];
  const foreign = [...places, `APT::Architecture=${architecture}`, `APT::Architectures::=${architecture}`];
  const options = [
    `Dir::Cache=${directory}`,
    'APT::Sandbox::User=root',
    ...(architecture === undefined ? [] : foreign),
  ];
  const flags = options.flatMap((option) => ['-o', option]);
  if (architecture !== undefined) await requireCommand(['apt-get', ...flags, 'update'], { cwd: directory });
  await requireCommand(['apt-get', ...flags, 'download', name], { cwd: directory });
  const archive = (await readdir(directory)).find((file) => file.endsWith('.deb')) ?? '';
  await requireCommand(['dpkg-deb', '-x', join(directory, archive), join(directory, 'root')]);
  return join(directory, 'root');
}

function registration(path: string, flags: string): string {
  return `set -e
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf '%s' ':aarch64:M::${MAGIC}:${MASK}:${path}:${flags}' > /proc/sys/fs/binfmt_misc/register
exec "$@"
`;
}

/** Builds as root of a user namespace, whose binfmt_misc is its own since Linux 6.7: the machine's stays as it is. */
async function buildWith(script: string, destination: string, isolation = 'auto') {
  const inside = `read _ < "$1"; shift; exec setpriv --reuid 0 --regid 0 --clear-groups sh ${script} "$@"`;
  const outside = `
    mkfifo "$1"
    unshare --user --mount sh -c '${inside}' sh "$@" & child=$!
    until [ "$(readlink /proc/$child/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
    echo '0 0 65536' > /proc/$child/uid_map; echo '0 0 65536' > /proc/$child/gid_map
    echo go > "$1"; wait $child`;
  const state = ['--state-dir', join(scratch, `state-${destination}`), '--isolation', isolation];
  const output = join(scratch, destination);
  const build = [shaleProgram, 'build', ...state, '--platform', 'linux/arm64', '-o', output, context];
  const run = await runCommand(['sh', '-c', outside, 'sh', join(scratch, `${destination}.go`), ...build]);
  const made = await readFile(join(output, 'made'), 'utf8').catch(() => undefined);
  return { ...run, made };
}

it.each(['namespaces+overlay', 'chroot+copy'])('RUN for linux/arm64 works by an emulator, in %s', async (isolation) => {
  await chmod(scratch, 0o755);
  const run = await buildWith(join(scratch, 'register.sh'), isolation, isolation);
  expect(run, run.stderr).toMatchObject({ status: 0, made: 'linux/arm64 aarch64\n' });
});

it('refuses an emulator that a stage would not see', async () => {
  const run = await buildWith(join(scratch, 'register-open.sh'), 'open');
  expect(run).toMatchObject({ status: 1, made: undefined });
  expect(run.stderr).toContain('Dockerfile:4: RUN for linux/arm64 cannot be executed here: the emulator ');
  expect(run.stderr).toContain('without the flag F');
});

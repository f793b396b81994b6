import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import { workspaceRoot } from '../src/workspace.ts';
import { debianRoot } from './debian-root.ts';
import { Relocation } from './relocate.ts';

/** Programs that the scripts of git and of shale use. */
const APPLETS = [
  'sh',
  'basename',
  'bzip2',
  'cat',
  'env',
  'flock',
  'ls',
  'mount',
  'sed',
  'tr',
  'unshare',
  'uname',
  'xz',
];
const GIT_PROGRAMS = ['git-remote-http', 'git-sh-i18n--envsubst'];
const GIT_LINKS = { 'git-remote-https': 'git-remote-http', 'git-upload-pack': 'git', 'git-receive-pack': 'git' };
const GIT_SCRIPTS = ['git-submodule', 'git-sh-setup', 'git-sh-i18n'];
const OWN_SHELL = '#!/.envbuilder/bin/sh';
const USERS = { passwd: 'root:x:0:0:root:/root:/bin/sh\n', group: 'root:x:0:\n' };
const APPS = { shale: 'apps/cli', envbuilder: 'apps/envbuilder' } as const;

/** Makes the context of `deploy/Dockerfile`: one directory for each layer, the one that changes most last. */
export async function stageImage(context: string): Promise<void> {
  await rm(context, { recursive: true, force: true });
  const debian = await debianRoot();
  const relocation = new Relocation(debian.path, join(context, 'runtime/lib'));
  await stageRuntime(join(context, 'runtime'), debian.path, relocation);
  await stageGit(join(context, 'git'), debian.path, relocation);
  await stageShale(join(context, 'shale'), debian.packages);
}

async function stageRuntime(directory: string, debian: string, relocation: Relocation): Promise<void> {
  await relocation.program(join(workspaceRoot, 'node_modules/.bin/node'), join(directory, 'bin/node'));
  await place(join(debian, 'bin/busybox'), join(directory, 'bin/busybox'), 0o755);
  await mkdir(join(directory, 'tmp'), { mode: 0o700 });
  for (const applet of APPLETS) await symlink('busybox', join(directory, 'bin', applet));
}

async function stageGit(directory: string, debian: string, relocation: Relocation): Promise<void> {
  const core = join(directory, 'libexec/git-core');
  const source = join(debian, 'usr/lib/git-core');
  await relocation.program(join(debian, 'usr/bin/git'), join(core, 'git'));
  for (const name of GIT_PROGRAMS) await relocation.program(join(source, name), join(core, name));
  for (const [name, target] of Object.entries(GIT_LINKS)) await symlink(target, join(core, name));
  for (const name of GIT_SCRIPTS) {
    const script = await readFile(join(source, name), 'utf8');
    await writeFile(join(core, name), script.replace(/^#!\s*\/bin\/sh/, OWN_SHELL));
    await chmod(join(core, name), 0o755);
  }
  await relocation.program(join(debian, 'usr/bin/ssh'), join(directory, 'libexec/ssh'));
  await relocation.library('libnss_wrapper.so');
  await mkdir(join(directory, 'share/git-templates'), { recursive: true });
  await write(join(directory, 'etc/ssl/ca-certificates.crt'), await certificates(debian));
  for (const [name, text] of Object.entries(USERS)) await write(join(directory, 'etc', name), text);
  const scripts = join(workspaceRoot, 'deploy/image');
  for (const name of ['git', 'ssh']) await place(join(scripts, 'bin', name), join(directory, 'bin', name), 0o755);
  for (const name of ['git-ssh', 'git-askpass'])
    await place(join(scripts, name), join(directory, 'libexec', name), 0o755);
}

async function certificates(debian: string): Promise<string> {
  const directory = join(debian, 'usr/share/ca-certificates/mozilla');
  const names = (await readdir(directory)).filter((name) => name.endsWith('.crt')).toSorted();
  return (await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))).join('');
}

async function stageShale(directory: string, packages: readonly string[]): Promise<void> {
  for (const [name, app] of Object.entries(APPS)) {
    if (!existsSync(join(workspaceRoot, app, 'package.json'))) continue;
    await requireCommand(['pnpm', 'run', '--silent', 'build'], { cwd: join(workspaceRoot, app) });
    await cp(join(workspaceRoot, app, 'dist'), join(directory, 'lib', name), { recursive: true });
    await place(join(workspaceRoot, 'deploy/image/bin', name), join(directory, 'bin', name), 0o755);
  }
  await write(join(directory, 'share/debian-packages'), `${packages.join('\n')}\n`);
}

async function place(from: string, to: string, mode: number): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, mode);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

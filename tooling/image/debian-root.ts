import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';
import { toolingCache } from '../src/workspace.ts';

/** Debian packages that are installed with their dependencies. */
const WANTED = [
  'git',
  'openssh-client',
  'ca-certificates',
  'libstdc++6',
  'libatomic1',
  'busybox-static',
  'libnss-wrapper',
];
/** Dependencies that no used feature needs: of Perl scripts and of the installation itself. */
const LEFT_OUT =
  /^(?:perl|libperl|liberror-perl|git-man|c?debconf|adduser|passwd|dpkg|tar|libdebian-installer|openssl$)/;
const WITHOUT_MORE = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
  (kind) => `--no-${kind}`,
);

/** Debian packages, unpacked over each other and not installed. */
export interface DebianRoot {
  readonly path: string;
  /** `name=version`, sorted. */
  readonly packages: readonly string[];
}

/** Downloads the versions that apt offers now, once; then they are kept. */
export async function debianRoot(): Promise<DebianRoot> {
  const packages = await versionsOf(await dependencies());
  const { createHash } = await import('node:crypto');
  const key = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 16);
  const path = join(toolingCache, `debian-files-${key}`);
  if (!existsSync(path)) await download(packages, path);
  return { path, packages };
}

async function dependencies(): Promise<readonly string[]> {
  const tree = await requireCommand(['apt-cache', 'depends', '--recurse', ...WITHOUT_MORE, ...WANTED]);
  const names = tree.split('\n').filter((line) => /^[a-z0-9]/.test(line) && !LEFT_OUT.test(line));
  return [...new Set(names)].toSorted();
}

async function versionsOf(names: readonly string[]): Promise<readonly string[]> {
  const policy = await requireCommand(['apt-cache', 'policy', ...names], { env: { LC_ALL: 'C' } });
  const candidates = policy.matchAll(/^(\S+):\n(?: {2}.*\n)*? {2}Candidate: (\S+)$/gm);
  return [...candidates]
    .filter(([, , version]) => version !== '(none)')
    .map(([, name, version]) => `${name}=${version}`);
}

async function download(packages: readonly string[], path: string): Promise<void> {
  const [archives, root] = [`${path}.deb`, `${path}.new`];
  for (const directory of [archives, root]) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
  }
  await requireCommand(['apt-get', '-o', 'APT::Sandbox::User=root', 'download', ...packages], { cwd: archives });
  for (const name of (await readdir(archives)).toSorted()) {
    await requireCommand(['dpkg-deb', '--extract', join(archives, name), root]);
  }
  await writeFile(join(root, 'packages'), `${packages.join('\n')}\n`);
  await rename(root, path);
  await rm(archives, { recursive: true });
}

import { accessSync, constants } from 'node:fs';
import { runCommand } from './command.ts';

/** The programs of a task, each with its Debian package. */
export const packagesFor = {
  demo: { 'docker-registry': 'docker-registry', skopeo: 'skopeo', busybox: 'busybox-static' },
  test: {
    'docker-registry': 'docker-registry',
    skopeo: 'skopeo',
    umoci: 'umoci',
    runc: 'runc',
    busybox: 'busybox-static',
    debootstrap: 'debootstrap',
    newuidmap: 'uidmap',
    capsh: 'libcap2-bin',
    setcap: 'libcap2-bin',
    setfattr: 'attr',
    time: 'time',
    git: 'git',
    ssh: 'openssh-client',
    sshd: 'openssh-server',
    podman: 'podman',
    zstd: 'zstd',
    bzip2: 'bzip2',
    xz: 'xz-utils',
    htpasswd: 'apache2-utils',
    chromium: 'chromium',
  },
  acceptance: { 'docker-compose': 'docker-compose', faketime: 'faketime', strace: 'strace', taskset: 'util-linux' },
  image: { patchelf: 'patchelf', strip: 'binutils', 'apt-get': 'apt', 'dpkg-deb': 'dpkg' },
  peers: {
    dockerd: 'docker.io',
    buildah: 'buildah',
    runc: 'runc',
    'docker-registry': 'docker-registry',
    skopeo: 'skopeo',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

const SEARCH_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The Debian packages whose programs are missing. */
export function missingPackages(programs: Readonly<Record<string, string>>): string[] {
  const missing = Object.entries(programs).filter(([program]) => !isInstalled(program));
  return [...new Set(missing.map(([, name]) => name))].toSorted();
}

/**
 * Installs missing packages, as root with apt-get.
 *
 * @throws {Error} with one line that says what to install.
 */
export async function ensurePackages(programs: Readonly<Record<string, string>>): Promise<void> {
  const missing = missingPackages(programs);
  if (missing.length === 0) return;
  const install = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get'))
    throw new Error(`Missing programs. As root, run: ${install}`);
  console.log(`Installing Debian packages: ${missing.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await runCommand(['apt-get', 'update', '-qq'], { env });
  const { status, stderr } = await runCommand([...install.split(' '), '--yes', '-qq'], { env });
  if (status !== 0) throw new Error(`Could not install packages with \`${install}\`:\n${stderr.trim()}`);
  const still = missingPackages(programs);
  if (still.length > 0) throw new Error(`Installed, but still not found: ${still.join(' ')}`);
}

function isInstalled(program: string): boolean {
  return SEARCH_PATH.some((directory) => {
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

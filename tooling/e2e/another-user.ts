import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from '../src/workspace.ts';

/** An ordinary user who exists only inside a private mount namespace. The machine's own users do not change. */
export interface AnotherUser {
  readonly uid: number;
  /** Runs the rest of a command line as that user, with subordinate ids. Needs root. */
  readonly wrapper: readonly string[];
  /** The launcher, where the user may read it even when the work tree is private. */
  readonly program: string;
  /** A directory that the user owns. */
  readonly home: string;
}

const UID = 54_321;
const SUBORDINATE = 'builder:600000:65536\n';

export async function makeUser(scratch: string): Promise<AnotherUser> {
  const home = join(scratch, 'home');
  const repository = join(scratch, 'repository');
  const files = join(scratch, 'etc');
  for (const directory of [home, repository, files]) await mkdir(directory);
  await writeFile(join(files, 'passwd'), `root:x:0:0:root:/root:/bin/sh\nbuilder:x:${UID}:${UID}::${home}:/bin/sh\n`);
  await writeFile(join(files, 'group'), `root:x:0:\nbuilder:x:${UID}:\n`);
  await writeFile(join(files, 'subuid'), SUBORDINATE);
  await writeFile(join(files, 'subgid'), SUBORDINATE);
  await chmod(home, 0o777);
  const script = [
    'set -e',
    `for file in passwd group subuid subgid; do [ -e /etc/$file ] || : > /etc/$file; mount --bind '${files}'/$file /etc/$file; done`,
    `mount --bind '${workspaceRoot}' '${repository}'`,
    `exec setpriv --reuid ${UID} --regid ${UID} --clear-groups --inh-caps=-all env HOME='${home}' USER=builder "$@"`,
  ].join('\n');
  return {
    uid: UID,
    home,
    program: join(repository, 'shale'),
    wrapper: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'],
  };
}

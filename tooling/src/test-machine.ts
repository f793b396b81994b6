import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { runCommand } from './command.ts';
import { packagesFor } from './debian-packages.ts';

/** A hash over the machine, as unit tests see it: privileges, kernel, Node, and the programs that they run. */
export async function testMachine(): Promise<string> {
  const facts = [
    process.version,
    release(),
    process.getuid?.(),
    readText('/proc/self/uid_map'),
    /^CapEff:.*$/m.exec(readText('/proc/self/status'))?.[0],
    await programVersions(),
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Without dpkg the versions are unknown and do not count. */
async function programVersions(): Promise<string> {
  const packages = Object.values(packagesFor.test);
  const query = ['dpkg-query', '--show', '--showformat=${Package} ${Version}\n', ...packages];
  return runCommand(query).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

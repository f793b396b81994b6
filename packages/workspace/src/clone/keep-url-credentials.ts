import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRepositoryAddress } from './repository-address.ts';

/**
 * Writes the URL as the user gave it to `.git/config`, credentials included, so that their `git pull` works as after
 * envbuilder. Comes after the build, whose steps must not find them; credentials of the options are never written.
 */
export function keepUrlCredentials(directory: string, gitUrl: string): void {
  const { url, written, username, password, transport } = parseRepositoryAddress(gitUrl);
  if (transport !== 'http' || (username === undefined && password === undefined)) return;
  const path = join(directory, '.git/config');
  const config = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    config.replace(`\turl = ${url}\n`, () => `\turl = ${written}\n`),
  );
}

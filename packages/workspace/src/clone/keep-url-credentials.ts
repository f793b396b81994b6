import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRepositoryAddress } from './repository-address.ts';

/**
 * Writes the URL with its credentials to `.git/config`, so that `git pull` works as it does after envbuilder. Call it after the
 * build, whose steps must not find them. Credentials of options are never written.
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

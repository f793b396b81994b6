import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfMissing } from '@shale/core/files';

/** PEM texts. */
export interface HostCertificates {
  /** Trusted beside what the system trusts. */
  readonly ca: readonly string[];
  /** The client's own, for registries that ask for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Reads docker's `<directory>/<host[:port]>/`: each `*.crt` is an authority, `*.cert` with its `*.key` the client's own.
 * @see https://docs.docker.com/engine/security/certificates/
 */
export async function readCertificateDirectory(directory: string, host: string): Promise<HostCertificates> {
  const names = (await readdir(join(directory, host)).catch(undefinedIfUnreadable)) ?? [];
  const read = (name: string) => readFile(join(directory, host, name), 'utf8');
  const ca = await Promise.all(names.filter((name) => name.endsWith('.crt')).map(read));
  const pair = names.find((name) => name.endsWith('.cert') && names.includes(keyOf(name)));
  return { ca, ...(pair !== undefined && { cert: await read(pair), key: await read(keyOf(pair)) }) };
}

const keyOf = (cert: string) => cert.replace(/cert$/, 'key');

/** Docker keeps its directory to root: for other users it is as if it were not there. */
function undefinedIfUnreadable(error: unknown): undefined {
  return (error as NodeJS.ErrnoException).code === 'EACCES' ? undefined : undefinedIfMissing(error);
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfMissing } from '@shale/core/files';

/** PEM texts. */
export interface HostCertificates {
  /** Trusted in addition to the system's authorities. */
  readonly ca: readonly string[];
  /** The certificate of the client, for registries that ask for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Reads docker's `<directory>/<host[:port]>/`: each `*.crt` is an authority, each `*.cert` with its `*.key` a
 * certificate of the client.
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

/** Only root may read docker's directory: for other users it counts as absent. */
function undefinedIfUnreadable(error: unknown): undefined {
  return (error as NodeJS.ErrnoException).code === 'EACCES' ? undefined : undefinedIfMissing(error);
}

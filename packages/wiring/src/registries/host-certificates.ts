import { readFileSync } from 'node:fs';
import { ShaleError } from '@shale/core';
import type { HostCertificates } from '@shale/registry';
import type { Environment } from '../environment.ts';
import type { CertificateFiles } from './registry-settings.ts';

class CertificateUnreadableError extends ShaleError {
  readonly code = 'USAGE_INVALID';
}

/** Reads the certificates of each host. @throws {CertificateUnreadableError} */
export function readHostCertificates(
  certificates: Readonly<Record<string, CertificateFiles>>,
): Readonly<Record<string, HostCertificates>> {
  return Object.fromEntries(
    Object.entries(certificates).map(([host, { authorities = [], client }]) => {
      const read = (path: string) => readPem(path, `The certificate for ${host} in ${path}`);
      const own = client && { cert: read(client.certificate), key: read(client.key) };
      return [host, { ca: authorities.map(read), ...own }];
    }),
  );
}

/** Reads Go's variable for private authorities, as every registry tool does. @throws {CertificateUnreadableError} */
export function readUserAuthorities({ SSL_CERT_FILE: path }: Environment): readonly string[] {
  if (path === undefined || path === '') return [];
  return [readPem(path, `SSL_CERT_FILE names ${path}, which`)];
}

function readPem(path: string, subject: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CertificateUnreadableError(`${subject} cannot be read`, { cause });
  }
}

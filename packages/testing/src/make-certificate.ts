import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPENSSL_BIN = 'openssl';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface MakeCertificateOptions {
  /** Where the files go: `<name>.crt` and `<name>.key`. */
  readonly directory: string;
  readonly name: string;
  /** As in `DNS:localhost,IP:127.0.0.1`. @default none */
  readonly alternativeNames?: string | undefined;
  /** Signs it. @default it signs itself */
  readonly authority?: CertificateFiles | undefined;
}

/** A certificate for two days with a key of its own. Needs `openssl`. */
export function makeCertificate({
  directory,
  name,
  alternativeNames,
  authority,
}: MakeCertificateOptions): CertificateFiles {
  const files = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  const subject = ['-subj', `/CN=${name}`, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const extensions = alternativeNames === undefined ? '' : `subjectAltName=${alternativeNames}\n`;
  if (authority === undefined) {
    const added = alternativeNames === undefined ? [] : ['-addext', extensions.trim()];
    openssl(['req', '-x509', ...subject, '-days', '2', '-keyout', files.key, '-out', files.cert, ...added]);
    return files;
  }
  const request = join(directory, `${name}.csr`);
  const extensionFile = join(directory, `${name}.ext`);
  writeFileSync(extensionFile, `${extensions}basicConstraints=CA:FALSE\n`);
  openssl(['req', '-new', ...subject, '-keyout', files.key, '-out', request]);
  const signing = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial', '-extfile', extensionFile];
  openssl(['x509', '-req', '-in', request, '-days', '2', '-out', files.cert, ...signing]);
  return files;
}

function openssl(args: readonly string[]): void {
  execFileSync(OPENSSL_BIN, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { createHash, hash } from 'node:crypto';
import { hostPath } from '@shale/core/archive';
import { attributesOf } from './attributes.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const buffer = Buffer.allocUnsafeSlow(1024 * 1024);

/** sha256 of no content. */
export const EMPTY_FINGERPRINT: string = hash('sha256', '', 'hex');

/**
 * What a regular file holds: the sha256 of its content in hex, and after a blank the attributes that a copy keeps, if
 * it has any. Read through one reused buffer: a stream each would cost more than the reading.
 */
export function fingerprintOf(host: string): string {
  const path = hostPath(host);
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${host} is no longer a file`);
    const content = hashContent(fd);
    const attributes = attributesOf(host, fd);
    return attributes === '' ? content : `${content} ${attributes}`;
  } finally {
    closeSync(fd);
  }
}

function hashContent(fd: number): string {
  let read = readSync(fd, buffer);
  if (read < buffer.byteLength) return hash('sha256', buffer.subarray(0, read), 'hex');
  const digest = createHash('sha256');
  for (; read > 0; read = readSync(fd, buffer)) digest.update(buffer.subarray(0, read));
  return digest.digest('hex');
}

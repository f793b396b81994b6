import { readFile } from 'node:fs/promises';
import { ShaleError } from '@shale/core';

/** Where the value of a secret comes from. It is read only when a step that mounts the secret runs. */
export type SecretSource =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'value'; readonly value: Uint8Array };

/** The maximum size of a secret, in bytes; as in BuildKit. */
export const MAX_SECRET_BYTES: number = 500 * 1024;

export class SecretError extends ShaleError {
  readonly code = 'SECRET_MISSING';
}

/** @throws {SecretError} for a missing, unreadable or too large file. */
export async function readSecret(id: string, source: SecretSource): Promise<Uint8Array> {
  const value = source.type === 'value' ? source.value : await readSecretFile(id, source.path);
  if (value.byteLength <= MAX_SECRET_BYTES) return value;
  throw new SecretError(`Secret ${id} is larger than ${MAX_SECRET_BYTES} bytes`);
}

async function readSecretFile(id: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SecretError(`Secret ${id} cannot be read from ${path}`, {
      cause,
      hint: 'Check the path that was given for this secret.',
    });
  }
}

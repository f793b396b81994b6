import { createHash, hash } from 'node:crypto';
import { DigestInvalidError } from './errors.ts';

/** `sha256:<64 lower-case hex>` or `sha512:<128 lower-case hex>`, always checked, and so safe in a path or a URL. */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const GRAMMAR = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && GRAMMAR.test(text);
}

/**
 * @throws {DigestInvalidError} for any other algorithm, length or letter case.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new DigestInvalidError(`Not a digest: ${JSON.stringify(text.slice(0, 200))}`, {
    hint: 'A digest is "sha256:" and 64 lower-case hex digits.',
  });
}

export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', data, 'hex')}`;
}

export function digestAlgorithm(digest: Digest): 'sha256' | 'sha512' {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Hashes and counts bytes as they pass. */
export class DigestMeter {
  readonly #hash;
  readonly #algorithm;
  #size = 0;

  constructor(algorithm: 'sha256' | 'sha512' = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get size(): number {
    return this.#size;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#size += chunk.byteLength;
  }

  /** Returns the digest. Call it once, after the last update. */
  digest(): Digest {
    return `${this.#algorithm}:${this.#hash.digest('hex')}`;
  }
}

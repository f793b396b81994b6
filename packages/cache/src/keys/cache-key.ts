import type { Digest } from '@shale/core';
import { sha256 } from '@shale/core';
import type { CacheInput } from './cache-input.ts';
import { foldParts, SHORT_HASH_DIGITS, shortHash } from './fold-parts.ts';
import type { KeyValue } from './key-value.ts';
import { encodeKeyValue } from './key-value.ts';

/** The digest of everything that a step's result depends on. Its hex digits are the tag of the entry in a registry. */
export type CacheKey = Digest;

/** One thing that a step's result depends on. */
export interface KeyInput {
  /** For example `parent`, `instruction` or `env.PATH`. It is part of the key. */
  readonly name: string;
  readonly value: KeyValue;
  /** The name that explanations show, where it says more than `name`. It is no part of the key. @default name */
  readonly label?: string | undefined;
  /**
   * The parts of `value`, such as files with their digests, named `file:<path>`. Only explanations read them: the key depends
   * on `value` alone.
   */
  readonly parts?: readonly CacheInput[] | undefined;
}

export interface KeyedInputs {
  readonly key: CacheKey;
  /** The inputs by name and hash, never their values. `explain` compares them. */
  readonly inputs: readonly CacheInput[];
}

/** Changes whenever the encoding or its meaning changes, so that no old key equals a new one. */
const PREAMBLE = 'shale-key-v1\0';

/** Limits the parts that a key remembers. More files than that are folded by directory. */
const PART_LIMITS = { inputs: 4096, bytes: 512 * 1024 } as const;

/**
 * The key of a step: a hash over `kind` and the inputs in their order. Each input is framed by its type and length, so that
 * two steps share a key only if they have the same inputs.
 * @param kind The kind of step: `run`, `copy`.
 * @param inputs In an order that depends on `kind` alone. The value of a secret must not be an input; its id may be.
 * @example
 * const { key } = cacheKey('run', [
 *   { name: 'parent', value: parentKey },
 *   { name: 'instruction', value: ['/bin/sh', '-c', 'make'] },
 * ]);
 */
export function cacheKey(kind: string, inputs: readonly KeyInput[]): KeyedInputs {
  const encoded = inputs.map(({ name, value }) => encodeKeyValue([name, value]));
  const preimage = Buffer.concat([Buffer.from(PREAMBLE), encodeKeyValue([kind, String(inputs.length)]), ...encoded]);
  return {
    key: sha256(preimage),
    inputs: inputs.flatMap(({ name, label = name, parts = [] }, index) => [
      { name: label, hash: shortHash(encoded[index] as Buffer) },
      ...foldParts(parts.map(shortened), PART_LIMITS),
    ]),
  };
}

function shortened({ name, hash }: CacheInput): CacheInput {
  return { name, hash: hash.slice(hash.indexOf(':') + 1).slice(0, SHORT_HASH_DIGITS) };
}

import { hash } from 'node:crypto';
import type { CacheInput } from './cache-input.ts';

export interface FoldLimits {
  readonly inputs: number;
  /** The most bytes that names and hashes take together. */
  readonly bytes: number;
}

/**
 * Shortens a list of file inputs that is too long: everything below a directory becomes one input, which has the
 * directory's name with `/` at its end. The deepest directories are folded first, until the list fits.
 */
export function foldParts(parts: readonly CacheInput[], limits: FoldLimits): readonly CacheInput[] {
  if (fits(parts, limits)) return parts;
  const deepest = parts.reduce((depth, { name }) => Math.max(depth, depthOf(name)), 0);
  for (let depth = deepest - 1; depth >= 0; depth -= 1) {
    const folded = foldBelow(parts, depth);
    if (fits(folded, limits)) return folded;
  }
  return [{ name: rootOf(parts[0]?.name ?? ''), hash: hashInputs(parts) }];
}

/** Folds everything in `directory`, whose name ends in `/`, into one input, as `foldParts` does. */
export function foldDirectory(parts: readonly CacheInput[], directory: string): CacheInput | undefined {
  const inside = parts.filter(({ name }) => name.startsWith(directory));
  return inside.length === 0 ? undefined : { name: directory, hash: hashInputs(inside) };
}

function foldBelow(parts: readonly CacheInput[], depth: number): readonly CacheInput[] {
  const groups = new Map<string, CacheInput[]>();
  for (const part of parts) {
    const name = depthOf(part.name) > depth ? directoryAt(part.name, depth) : part.name;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [part]);
    else group.push(part);
  }
  return [...groups].map(([name, group]) =>
    name.endsWith('/') ? { name, hash: hashInputs(group) } : (group[0] as CacheInput),
  );
}

/** `file:a/b/c.ts` at depth 0 is `file:a/`. */
function directoryAt(name: string, depth: number): string {
  let end = -1;
  for (let level = 0; level <= depth; level += 1) end = name.indexOf('/', end + 1);
  return name.slice(0, end + 1);
}

const rootOf = (name: string) => `${name.slice(0, name.indexOf(':') + 1)}/`;

function depthOf(name: string): number {
  let depth = 0;
  for (let at = name.indexOf('/'); at >= 0 && at < name.length - 1; at = name.indexOf('/', at + 1)) depth += 1;
  return depth;
}

function fits(parts: readonly CacheInput[], limits: FoldLimits): boolean {
  if (parts.length > limits.inputs) return false;
  let bytes = 0;
  for (const { name, hash: digest } of parts) bytes += Buffer.byteLength(name) + digest.length;
  return bytes <= limits.bytes;
}

function hashInputs(parts: readonly CacheInput[]): string {
  const lines = parts.map(({ name, hash: digest }) => `${digest} ${name.length} ${name}\n`).sort();
  return shortHash(lines.join(''));
}

/** Distinguishes values in an explanation. It is no key, so 64 bits are enough, and they keep records small. */
export function shortHash(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex').slice(0, SHORT_HASH_DIGITS);
}

export const SHORT_HASH_DIGITS = 16;

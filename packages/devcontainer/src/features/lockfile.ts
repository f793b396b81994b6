import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Digest, formatReference, isDigest, ShaleError } from '@shale/core';
import { undefinedIfMissing } from '@shale/core/files';
import { asObject, asOptional, asString, asStringArray, parseJson } from '@shale/core/json';
import { DevcontainerInvalidError } from '../devcontainer-error.ts';
import type { ResolvedFeature } from './resolved-feature.ts';

export interface LockedFeature {
  readonly version?: string | undefined;
  /** Where it was found: `registry/path@sha256:...`, or the URL of a tarball. */
  readonly resolved: string;
  /** Of the manifest, or of the tarball. */
  readonly integrity: Digest;
  readonly dependsOn?: readonly string[] | undefined;
}

/**
 * Which content each feature stood for, by the name that devcontainer.json has for it.
 * @see https://github.com/devcontainers/spec/blob/main/docs/specs/devcontainer-lockfile.md
 */
export interface Lockfile {
  readonly features: Readonly<Record<string, LockedFeature>>;
}

/** A lockfile that is absent or out of date where it must not change. */
export class LockfileMismatchError extends ShaleError {
  readonly code = 'LOCKFILE_MISMATCH';
}

const { compare: compareText } = new Intl.Collator('en-US');

/** `devcontainer-lock.json` beside the configuration; with a dot where the configuration has one. */
export function lockfilePath(configurationPath: string): string {
  const dot = basename(configurationPath).startsWith('.') ? '.' : '';
  return join(dirname(configurationPath), `${dot}devcontainer-lock.json`);
}

/** The text of a lockfile; `undefined` where there is none. */
export async function readLockfile(configurationPath: string): Promise<string | undefined> {
  return readFile(lockfilePath(configurationPath), 'utf8').catch(undefinedIfMissing);
}

/**
 * Reads a lockfile. A blank one locks nothing: people make it to ask for one.
 * @throws {DevcontainerInvalidError}
 */
export function parseLockfile(text: string, path: string): Lockfile {
  if (text.trim() === '') return { features: {} };
  const fail = (message: string) => new DevcontainerInvalidError(`${path}: ${message}`, { file: path });
  const document = asObject(parseJson(text, 'the lockfile', fail), 'the lockfile', fail);
  const features = asObject(document['features'], 'features', fail);
  return {
    features: Object.fromEntries(
      Object.entries(features).map(([id, value]) => [id, parseLocked(value, `features["${id}"]`, fail)]),
    ),
  };
}

function parseLocked(value: unknown, path: string, fail: (message: string) => Error): LockedFeature {
  const entry = asObject(value, path, fail);
  const integrity = asString(entry['integrity'], `${path}.integrity`, fail);
  if (!isDigest(integrity)) throw fail(`${path}.integrity is no digest`);
  return {
    version: asOptional(entry['version'], (text) => asString(text, `${path}.version`, fail)),
    resolved: asString(entry['resolved'], `${path}.resolved`, fail),
    integrity,
    dependsOn: asOptional(entry['dependsOn'], (texts) => asStringArray(texts, `${path}.dependsOn`, fail)),
  };
}

/**
 * The lockfile of features that were found. Local ones are not in it.
 * @param additional Names of features that only the command line has: a lockfile is about the configuration.
 */
export function lockFeatures(features: readonly ResolvedFeature[], additional: readonly string[] = []): Lockfile {
  const locked = features
    .filter(({ id }) => !additional.includes(id))
    .flatMap((feature) => {
      const entry = lockFeature(feature);
      return entry === undefined ? [] : [[feature.id, entry] as const];
    })
    .sort(([a], [b]) => compareText(a, b));
  return { features: Object.fromEntries(locked) };
}

function lockFeature({ origin, metadata }: ResolvedFeature): LockedFeature | undefined {
  if (origin.type === 'local') return undefined;
  const dependsOn = Object.keys(metadata.dependsOn ?? {});
  const [resolved, integrity] =
    origin.type === 'tarball'
      ? [origin.url, origin.digest]
      : [formatReference({ ...origin.reference, digest: origin.manifest.digest }), origin.manifest.digest];
  return { version: metadata.version, resolved, integrity, dependsOn: dependsOn.length > 0 ? dependsOn : undefined };
}

/** The bytes that the official CLI writes. */
export function formatLockfile(lockfile: Lockfile): string {
  return `${JSON.stringify(lockfile, null, 2)}\n`;
}

/** Whether a lockfile says the same already, however it is indented: it is then left alone. */
export function isLockfileCurrent(text: string | undefined, lockfile: Lockfile): boolean {
  if (text === undefined) return false;
  try {
    return formatLockfile(JSON.parse(text) as Lockfile) === formatLockfile(lockfile);
  } catch {
    return false;
  }
}

/** @throws {LockfileMismatchError} unless the lockfile is there and says the same. */
export function requireFrozen(text: string | undefined, lockfile: Lockfile): void {
  if (text === undefined) throw new LockfileMismatchError('Lockfile does not exist.');
  if (!isLockfileCurrent(text, lockfile)) throw new LockfileMismatchError('Lockfile does not match.');
}

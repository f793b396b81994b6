import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { type Digest, isDigest, type Reference } from '@shale/core';
import { FeatureInvalidError } from './feature-error.ts';
import { currentFeatureName } from './legacy-features.ts';

/** A feature in a registry: `ghcr.io/devcontainers/features/node:1`. Everything is lower case. */
export interface OciFeatureReference {
  readonly type: 'oci';
  readonly id: string;
  readonly registry: string;
  /** As in `devcontainers/features`. */
  readonly namespace: string;
  /** Without version: what `installsAfter` compares. */
  readonly resource: string;
  /** `undefined` with a digest. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
  /** For the registry client. */
  readonly reference: Reference;
}

export interface TarballFeatureReference {
  readonly type: 'tarball';
  readonly id: string;
  readonly url: string;
}

export interface LocalFeatureReference {
  readonly type: 'local';
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
}

export type FeatureReference = OciFeatureReference | TarballFeatureReference | LocalFeatureReference;

export interface FeatureReferenceContext {
  /** Absolute path of the devcontainer.json: local features are relative to it. */
  readonly configurationPath: string;
  readonly workspaceFolder: string;
}

const PATH = /^[a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)*$/;
const TAG = /^[a-z0-9_][a-z0-9._-]{0,127}$/;
const TARBALL_NAME = /devcontainer-feature-(?<id>[a-zA-Z0-9_-]+)\.tgz/;

/**
 * Reads the name of a feature: in a registry, an https tarball, or a folder (`./name`). Older names that the official
 * tool knows, as `node`, stand for those of today.
 * @throws {FeatureInvalidError}
 * @see https://containers.dev/implementors/features-distribution/
 */
export function parseFeatureReference(text: string, context: FeatureReferenceContext): FeatureReference {
  const name = currentFeatureName(text);
  if (/^\.{0,2}\//.test(name)) return localFeature(name, context);
  if (name.startsWith('https://')) return tarballFeature(name);
  if (!name.includes('/')) {
    throw refused(text, 'it has no registry', {
      hint: `A local feature starts with "./". https://containers.dev/features lists published ones.`,
    });
  }
  return ociFeature(text, name.toLowerCase());
}

function refused(text: string, why: string, options?: { hint?: string }): FeatureInvalidError {
  return new FeatureInvalidError(`Not the name of a feature: ${JSON.stringify(text.slice(0, 200))}: ${why}`, options);
}

function localFeature(name: string, { configurationPath, workspaceFolder }: FeatureReferenceContext): FeatureReference {
  if (isAbsolute(name)) throw refused(name, 'a local feature is relative to devcontainer.json');
  const folder = join(dirname(configurationPath), name);
  const home = join(workspaceFolder, '.devcontainer');
  if (relative(home, folder).split('/').includes('..')) throw refused(name, `it is not in ${home}`);
  return { type: 'local', id: basename(folder), folder };
}

function tarballFeature(text: string): FeatureReference {
  const url = URL.parse(text);
  const id = TARBALL_NAME.exec(url?.pathname.split('/').at(-1) ?? '')?.groups?.['id'];
  if (url === null || id === undefined) {
    throw refused(text, 'the file of a tarball is called devcontainer-feature-<id>.tgz');
  }
  return { type: 'tarball', id, url: url.href };
}

function ociFeature(text: string, name: string): FeatureReference {
  const { resource, tag, digest } = splitVersion(text, name);
  const [registry = '', ...path] = resource.split('/');
  if (!registry.includes('.') && !registry.startsWith('localhost')) {
    throw refused(text, `"${registry}" is no registry`, { hint: `Write the registry: ghcr.io/${name.split('@')[0]}.` });
  }
  if (!PATH.test(path.join('/'))) throw refused(text, 'the path is malformed');
  if (path[0] === 'devcontainers-contrib') path[0] = 'devcontainers-extra'; // renamed in 2025
  const repository = path.join('/');
  const id = path.at(-1) ?? '';
  const namespace = path.slice(0, -1).join('/');
  return {
    type: 'oci',
    id,
    registry,
    namespace,
    resource,
    tag,
    digest,
    reference: { registry, repository, tag, digest },
  };
}

function splitVersion(text: string, name: string): { resource: string; tag?: string; digest?: Digest } {
  const at = name.lastIndexOf('@');
  if (at !== -1) {
    const digest = name.slice(at + 1);
    if (!isDigest(digest) || !digest.startsWith('sha256:')) throw refused(text, 'the digest is malformed');
    return { resource: name.slice(0, at), digest };
  }
  const colon = name.lastIndexOf(':');
  if (colon <= name.lastIndexOf('/')) return { resource: name, tag: 'latest' };
  const tag = name.slice(colon + 1);
  if (!TAG.test(tag)) throw refused(text, 'the version is malformed');
  return { resource: name.slice(0, colon), tag };
}

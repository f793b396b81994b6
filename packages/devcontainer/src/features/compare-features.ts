import type { FeatureOptions } from '../configuration/configuration.ts';
import type { FeatureReference } from './feature-reference.ts';
import type { OciOrigin, ResolvedFeature } from './resolved-feature.ts';

/** What decides which of two features comes first. */
export interface ComparedFeature extends Pick<ResolvedFeature, 'id' | 'options' | 'origin'> {
  /** Short names of today and of earlier; absent until the metadata is known. */
  readonly aliases?: readonly string[] | undefined;
}

/** A feature that `installsAfter` or `overrideFeatureInstallOrder` names, in whatever version. */
export interface SoftTarget {
  readonly reference: FeatureReference;
  readonly aliases: readonly string[];
}

// the official tool compares by the machine's locale, which is this one nearly everywhere
const { compare: compareText } = new Intl.Collator('en-US');

/**
 * The order in which the official tool installs features that do not wait for each other. Its quirks are part of it: tags
 * compare as text, and fewer options come before more.
 * @returns 0 only for features that are the same.
 */
export function compareFeatures(a: ComparedFeature, b: ComparedFeature): number {
  const [left, right] = [a.origin, b.origin];
  if (left.type === 'oci' && right.type === 'oci') return compareOci({ ...a, origin: left }, { ...b, origin: right });
  if (left.type === 'local' && right.type === 'local') {
    return compareText(left.folder, right.folder) || compareOptions(a.options, b.options);
  }
  if (left.type === 'tarball' && right.type === 'tarball') {
    return compareText(left.url, right.url) || compareOptions(a.options, b.options);
  }
  return compareText(a.id, b.id);
}

/** Whether both are one installation: the same content with the same options. */
export function isSameFeature(a: ComparedFeature, b: ComparedFeature): boolean {
  return a.origin.type === b.origin.type && compareFeatures(a, b) === 0;
}

/** Whether a feature is what the target names, by its name or by one that it had earlier. */
export function matchesSoftly({ origin }: ComparedFeature, { reference, aliases }: SoftTarget): boolean {
  if (origin.type === 'oci' && reference.type === 'oci') {
    const { resource } = origin.name;
    const home = `${reference.registry}/${reference.namespace}`;
    return resource === reference.resource || aliases.some((alias) => `${home}/${alias}` === resource);
  }
  if (origin.type === 'local' && reference.type === 'local') return origin.folder === reference.folder;
  return origin.type === 'tarball' && reference.type === 'tarball' && origin.url === reference.url;
}

type OciFeature = ComparedFeature & { readonly origin: OciOrigin };

function compareOci(a: OciFeature, b: OciFeature): number {
  const [left, right] = [a.origin, b.origin];
  const byOptions = compareOptions(a.options, b.options);
  if (left.manifest.digest === right.manifest.digest && byOptions === 0) return 0;
  return (
    compareNames(a, b) ||
    (left.name.tag !== undefined && right.name.tag !== undefined && compareText(left.name.tag, right.name.tag)) ||
    byOptions ||
    compareText(left.manifest.digest, right.manifest.digest)
  );
}

function compareNames(a: OciFeature, b: OciFeature): number {
  const [left, right] = [a.origin.name, b.origin.name];
  const [leftHome, rightHome] = [left, right].map(({ registry, namespace }) => `${registry}/${namespace}`) as [
    string,
    string,
  ];
  if (leftHome !== rightHome) return compareText(leftHome, rightHome);
  const names = b.aliases ?? [right.id];
  return (a.aliases ?? [left.id]).some((name) => names.includes(name)) ? 0 : compareText(left.id, right.id);
}

function compareOptions(a: FeatureOptions, b: FeatureOptions): number {
  if (typeof a !== 'object' || typeof b !== 'object') return compareValues(a, b);
  const [left, right] = [Object.keys(a).sort(), Object.keys(b).sort()];
  if (left.length !== right.length) return left.length - right.length;
  for (const [index, key] of left.entries()) {
    const other = right[index] ?? '';
    if (key !== other) return compareText(key, other);
    const [one, two] = [a[key], b[key]];
    const order = typeof one === typeof two ? compareValues(one, two) : 0;
    if (order !== 0) return order;
  }
  return 0;
}

/** `true` before `false`; what is neither text nor a truth value is equal to its like. */
function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b ? 0 : a ? 1 : -1;
  return compareText(typeof a, typeof b);
}

import type { DevcontainerConfiguration, FeatureOptions } from '../configuration/configuration.ts';
import { isSameFeature, matchesSoftly, type SoftTarget } from './compare-features.ts';
import { FeatureInvalidError } from './feature-error.ts';
import { FeatureLoader, type FeatureLoaderOptions } from './feature-loader.ts';
import { parseFeatureReference } from './feature-reference.ts';
import { orderFeatures } from './install-order.ts';
import { joinFormerFeatures, type RequestedFeature } from './legacy-features.ts';
import type { ResolvedFeature } from './resolved-feature.ts';

/** A feature among those that it waits for. */
export interface FeatureNode extends ResolvedFeature {
  readonly aliases: readonly string[];
  /** Must be installed before. */
  readonly dependsOn: readonly ResolvedFeature[];
  /** Are installed before, where something else brings them in. */
  readonly installsAfter: readonly SoftTarget[];
  /** Of those that could be next, the ones with the highest priority are. */
  readonly priority: number;
}

export interface ResolveFeaturesOptions extends FeatureLoaderOptions {
  /** Features that the command line adds; those of the configuration go first. */
  readonly additionalFeatures?: Readonly<Record<string, FeatureOptions>> | undefined;
}

/** More than this is no configuration of people: a registry makes features up as they are asked for. */
const MAX_FEATURES = 500;

/**
 * Finds the features of a configuration and all that they depend on.
 * @returns Every feature once, in the order in which the official CLI installs them.
 * @throws {FeatureInvalidError} @throws {FeatureUnavailableError} @throws {FeaturesCircularError}
 */
export async function resolveFeatures(
  configuration: Pick<DevcontainerConfiguration, 'features' | 'overrideFeatureInstallOrder'>,
  options: ResolveFeaturesOptions,
): Promise<readonly FeatureNode[]> {
  const loader = new FeatureLoader(options);
  const found = await findAll(joinFormerFeatures(requestedFeatures(configuration, options)), loader);
  const nodes = await Promise.all(found.map((feature) => nodeOf(feature, found, { loader, options })));
  const { overrideFeatureInstallOrder = [] } = configuration;
  return orderFeatures(prioritized(nodes, overrideFeatureInstallOrder, options));
}

function requestedFeatures(
  { features = {} }: Pick<DevcontainerConfiguration, 'features'>,
  { additionalFeatures = {} }: ResolveFeaturesOptions,
): readonly RequestedFeature[] {
  const added = Object.entries(additionalFeatures).filter(([id]) => !Object.hasOwn(features, id));
  return [...Object.entries(features), ...added].map(([id, options]) => ({ id, options }));
}

/** Breadth first: what the configuration names, then what those depend on, and so on; each once. */
async function findAll(
  requested: readonly RequestedFeature[],
  loader: FeatureLoader,
): Promise<readonly ResolvedFeature[]> {
  const found: ResolvedFeature[] = [];
  for (let wave = requested; wave.length > 0; ) {
    const next: RequestedFeature[] = [];
    for (const feature of await Promise.all(wave.map((one) => resolveOne(one, loader)))) {
      if (found.some((other) => isSameFeature({ ...other, aliases: aliasesOf(other) }, feature))) continue;
      if (found.length === MAX_FEATURES) throw new FeatureInvalidError(`There are more than ${MAX_FEATURES} features`);
      found.push(feature);
      next.push(...dependenciesOf(feature));
    }
    wave = next;
  }
  return found;
}

async function resolveOne({ id, options }: RequestedFeature, loader: FeatureLoader): Promise<ResolvedFeature> {
  const { origin, metadata } = await loader.load(id);
  const short = origin.type === 'oci' ? origin.name.id : id.split('/').at(-1);
  return { id, name: metadata.id ?? short ?? id, options, origin, metadata };
}

function dependenciesOf({ metadata }: ResolvedFeature): readonly RequestedFeature[] {
  return Object.entries(metadata.dependsOn ?? {}).map(([id, options]) => ({ id, options }));
}

function aliasesOf({ metadata, name }: ResolvedFeature): readonly string[] {
  return [metadata.currentId ?? name, ...(metadata.legacyIds ?? [])];
}

async function nodeOf(
  feature: ResolvedFeature,
  all: readonly ResolvedFeature[],
  { loader, options }: { loader: FeatureLoader; options: FeatureLoaderOptions },
): Promise<FeatureNode> {
  const targets = await Promise.all(
    (feature.metadata.installsAfter ?? []).map((id) => softTarget(id, all, { loader, options })),
  );
  return {
    ...feature,
    aliases: aliasesOf(feature),
    dependsOn: await Promise.all(dependenciesOf(feature).map((one) => resolveOne(one, loader))),
    installsAfter: targets.filter((target) => all.some((other) => matchesSoftly(other, target))),
    priority: 0,
  };
}

/**
 * A feature that is named here may be among the others under a name that it had earlier: only its metadata tells. Where
 * that cannot be fetched the name alone counts, so that a copy of features works without the registry they came from.
 */
async function softTarget(
  id: string,
  all: readonly ResolvedFeature[],
  { loader, options }: { loader: FeatureLoader; options: FeatureLoaderOptions },
): Promise<SoftTarget> {
  const reference = parseFeatureReference(id, options);
  if (reference.type !== 'oci') return { reference, aliases: [] };
  const mayBeRenamed = all.some(
    ({ origin }) =>
      origin.type === 'oci' &&
      origin.name.resource.startsWith(`${reference.registry}/${reference.namespace}/`) &&
      origin.name.resource !== reference.resource,
  );
  if (!mayBeRenamed) return { reference, aliases: [] };
  try {
    const { metadata } = await loader.load(id);
    return { reference, aliases: [metadata.currentId ?? metadata.id ?? reference.id, ...(metadata.legacyIds ?? [])] };
  } catch {
    options.signal?.throwIfAborted();
    return { reference, aliases: [] };
  }
}

/** `overrideFeatureInstallOrder`: the first has the highest priority. */
function prioritized(
  nodes: readonly FeatureNode[],
  override: readonly string[],
  options: FeatureLoaderOptions,
): readonly FeatureNode[] {
  const targets = override.map((id) => ({ reference: parseFeatureReference(id, options), aliases: [] }));
  return nodes.map((node) => {
    const index = targets.findIndex((target) => matchesSoftly(node, target));
    return index === -1 ? node : { ...node, priority: override.length - index };
  });
}

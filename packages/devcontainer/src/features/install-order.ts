import { compareFeatures, isSameFeature, matchesSoftly } from './compare-features.ts';
import { FeaturesCircularError } from './feature-error.ts';
import type { FeatureNode } from './resolve-features.ts';

/**
 * Installs in rounds: of the features that wait for nothing more, those with the highest priority, in the order of
 * `compareFeatures`.
 * @throws {FeaturesCircularError}
 * @see https://containers.dev/implementors/features/#dependency-algorithm
 */
export function orderFeatures(nodes: readonly FeatureNode[]): readonly FeatureNode[] {
  const order: FeatureNode[] = [];
  for (let waiting = nodes; waiting.length > 0; ) {
    const ready = waiting.filter((node) => blockersOf(node, order).length === 0);
    if (ready.length === 0) throw new FeaturesCircularError(circleIn(waiting, order));
    const highest = Math.max(...ready.map(({ priority }) => priority));
    const round = ready.filter(({ priority }) => priority === highest);
    waiting = waiting.filter((node) => !round.some((done) => isSameFeature(done, node)));
    order.push(...round.toSorted(compareFeatures));
  }
  return order;
}

type IsBlocker = (node: FeatureNode) => boolean;

/** For each thing that the node still waits for: which nodes it is. */
function blockersOf(node: FeatureNode, installed: readonly FeatureNode[]): readonly IsBlocker[] {
  return [
    ...node.dependsOn.map(
      (needed): IsBlocker =>
        (other) =>
          isSameFeature(other, needed),
    ),
    ...node.installsAfter.map(
      (target): IsBlocker =>
        (other) =>
          matchesSoftly(other, target),
    ),
  ].filter((isBlocker) => !installed.some(isBlocker));
}

function circleIn(waiting: readonly FeatureNode[], installed: readonly FeatureNode[]): readonly string[] {
  const way: FeatureNode[] = [];
  for (let at = waiting[0]; at !== undefined && !way.includes(at); ) {
    way.push(at);
    const blockers = blockersOf(at, installed);
    at = waiting.find((other) => blockers.some((isBlocker) => isBlocker(other)));
    if (at !== undefined && way.includes(at)) return way.slice(way.indexOf(at)).map(({ id }) => id);
  }
  return waiting.map(({ id }) => id);
}

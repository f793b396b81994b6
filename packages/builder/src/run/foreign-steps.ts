import type { LocatedError, Platform } from '@shale/core';
import { formatPlatform, hostPlatform, platformMatches, platformOf } from '@shale/core';
import type { GraphNode, PlannedStage, StepNode } from '../graph/build-graph.ts';
import { inputsOf } from '../graph/build-graph.ts';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import type { LookedUpSteps } from '../keys/look-up.ts';
import { isSettledHit } from '../keys/look-up.ts';
import { locatedAt } from '../graph/locate-error.ts';
import { ExecutorUnavailableError } from '../steps/run-step.ts';

/**
 * Refuses a build that would come to a RUN whose platform has no emulator here, before anything is run. Steps that the
 * cache knows, and stages without RUN, need none.
 * @throws {LocatedError} at the first such step.
 */
export async function requireEmulators(
  stages: readonly PlannedStage[],
  lookedUp: LookedUpSteps,
  source: DockerfileSource,
): Promise<void> {
  const foreign = missingSteps(stages, lookedUp).filter((step) => step.action.type === 'run' && isForeign(step));
  if (foreign.length === 0) return;
  const { emulationOf } = await import('../host/emulation.ts');
  for (const [name, [step]] of Map.groupBy(foreign, (step) => formatPlatform(programsOf(step)))) {
    if (step === undefined) continue;
    const emulation = await emulationOf(programsOf(step));
    if (!emulation.runs) throw cannotRun(step, name, { reason: emulation.reason, source });
  }
}

const isForeign = (step: StepNode) => !platformMatches(programsOf(step), hostPlatform());

/** What the programs of a stage are for: an image that has only one platform is taken for any other. */
function programsOf(step: StepNode): Platform {
  let node: GraphNode = step;
  while (node.kind === 'step') node = node.parent;
  return node.image === undefined ? step.platform : platformOf(node.image.config);
}

function cannotRun(
  { info }: StepNode,
  platform: string,
  { reason, source }: { readonly reason: string; readonly source: DockerfileSource },
): LocatedError {
  const failure = new ExecutorUnavailableError(`RUN for ${platform} cannot be executed here: ${reason}`, {
    hint: 'Register an emulator (Debian: qemu-user-static and binfmt-support), or cross-compile in a stage that is for $BUILDPLATFORM.',
  });
  const place = info.place ?? { file: source.name, line: 1 };
  return locatedAt(failure, place, source);
}

/** What the scheduler would execute: a miss, and the misses below it. */
function missingSteps(stages: readonly PlannedStage[], lookedUp: LookedUpSteps): StepNode[] {
  const missing: StepNode[] = [];
  const seen = new Set<GraphNode>();
  const pending: GraphNode[] = stages.map(({ tip }) => tip);
  for (let tip = pending.pop(); tip !== undefined; tip = pending.pop()) {
    for (let node = tip; node.kind === 'step' && !seen.has(node); node = node.parent) {
      seen.add(node);
      if (isSettledHit(node, lookedUp)) continue;
      missing.push(node);
      pending.push(...inputsOf(node));
    }
  }
  return missing.toReversed();
}

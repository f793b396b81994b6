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
 * Fails, before any step runs, if a RUN that must run needs an emulator that this machine lacks. Cached steps and other
 * instructions need no emulator.
 * @throws {LocatedError} at the first such RUN.
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

/** The platform of the base image, which can differ from the requested one: an image with a single platform is accepted for any. */
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

/** The steps that the scheduler would run: each miss, and the misses that it depends on. */
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

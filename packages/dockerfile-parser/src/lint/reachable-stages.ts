import type { Instruction } from '../instruction.ts';
import { splitMount } from '../mount-options.ts';
import type { Dockerfile, Stage } from '../parse.ts';

export interface ReachableOptions {
  /** The name or index of a stage. @default the last stage */
  readonly target?: string | number | undefined;
  /** The image of each stage with its variables expanded. @default as written */
  readonly images?: readonly string[] | undefined;
}

/** The indexes of the stages that a build of `target` needs. Empty when there is no such stage. */
export function reachableStages(
  { stages }: Dockerfile,
  { target, images = [] }: ReachableOptions = {},
): ReadonlySet<number> {
  const reached = new Set<number>();
  const byName = stageIndexes(stages);
  const goal = target === undefined ? stages.length - 1 : indexOf(String(target), byName, stages.length);
  const waiting = goal === undefined ? [] : [goal];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const stage = stages[index];
    if (stage === undefined || reached.has(index)) continue;
    reached.add(index);
    // FROM can refer to the stages above only. Other instructions may refer to a later one, which the builder reports
    const base = lastBefore(byName.get((images[index] ?? stage.from.image).toLowerCase()), index);
    const others = stage.instructions.flatMap(sourcesOf).map((name) => indexOf(name, byName, stages.length));
    waiting.push(...[base, ...others].filter((found) => found !== undefined));
  }
  return reached;
}

/** The last stage with the name. */
function stageIndexes(stages: readonly Stage[]): ReadonlyMap<string, readonly number[]> {
  const indexes = new Map<string, number[]>();
  for (const { name, index } of stages) {
    const known = name === undefined ? undefined : indexes.get(name);
    if (known !== undefined) known.push(index);
    else if (name !== undefined) indexes.set(name, [index]);
  }
  return indexes;
}

function lastBefore(indexes: readonly number[] | undefined, index: number): number | undefined {
  return indexes?.findLast((candidate) => candidate < index);
}

function indexOf(name: string, byName: ReadonlyMap<string, readonly number[]>, count: number): number | undefined {
  const named = byName.get(name.toLowerCase())?.at(-1);
  if (named !== undefined) return named;
  return /^\d+$/.test(name) && Number(name) < count ? Number(name) : undefined;
}

/** The stages or images in COPY --from and RUN --mount=from=. */
function sourcesOf(instruction: Instruction): string[] {
  if (instruction.keyword === 'ONBUILD') return sourcesOf(instruction.instruction);
  if (instruction.keyword === 'COPY') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.keyword !== 'RUN') return [];
  return instruction.mounts.flatMap((mount) =>
    splitMount(mount).flatMap(({ key, value }) => (key === 'from' && value !== undefined ? [value] : [])),
  );
}

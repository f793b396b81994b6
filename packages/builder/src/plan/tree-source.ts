import { suggest } from '@shale/dockerfile-parser';
import type { TreeSource } from '../graph/build-graph.ts';
import { BaseImageMissingError } from './base-images.ts';
import type { InstructionScope } from './instruction-scope.ts';
import { findStage, stageName } from './find-stage.ts';
import { findNamedContext } from './named-context.ts';
import type { StageDraft } from './stage-draft.ts';

/**
 * Resolves `--from` of COPY or `from` of a mount: a named context, a stage by name or index, or an image.
 * @throws {DockerfileError} for a stage that comes later, or an index that no stage has.
 */
export async function treeSource(
  draft: StageDraft,
  name: string,
  scope: InstructionScope,
  verb: 'copy' | 'mount',
): Promise<TreeSource> {
  const { planning, stage } = draft;
  const { dockerfile, options } = planning;
  const named = findNamedContext(options.namedContexts, name);
  if (named?.type === 'directory') return { type: 'context', context: named.context };
  const earlier = findStage(dockerfile, name, stage.index) ?? stageByIndex(draft, name, scope);
  if (earlier !== undefined) return { type: 'node', node: (await planning.stage(earlier.index)).tip };
  const later = findStage(dockerfile, name, dockerfile.stages.length);
  if (later?.index === stage.index)
    scope.fail(`circular dependency detected on stage: ${name}`, 'A stage can read only earlier stages.');
  if (later !== undefined) {
    const action = verb === 'copy' ? 'copy' : 'mount';
    scope.fail(
      `cannot ${action} from stage "${name}", it needs to be defined before current stage "${stageName(stage)}"`,
      'Move that stage up.',
    );
  }
  if (name === 'scratch')
    return { type: 'node', node: { kind: 'base', image: undefined, platform: draft.state.platform } };
  const image = named?.type === 'image' ? named.reference : name;
  const node = await planning.image(image, draft.state.platform).catch((error: unknown) => {
    if (named === undefined) suggestStage(error, draft, { name, scope });
    throw error;
  });
  return { type: 'node', node };
}

/** @throws {DockerfileError} with a suggestion, if the missing image looks like a misspelt stage. */
function suggestStage(
  error: unknown,
  { planning, stage }: StageDraft,
  { name, scope }: { readonly name: string; readonly scope: InstructionScope },
): void {
  if (!(error instanceof BaseImageMissingError)) return;
  const earlier = planning.dockerfile.stages.slice(0, stage.index).flatMap((other) => other.name ?? []);
  const close = suggest(name.toLowerCase(), earlier);
  if (close !== undefined) scope.fail(error.message, `Did you mean the stage ${close}?`);
}

function stageByIndex({ planning, stage }: StageDraft, name: string, scope: InstructionScope) {
  if (!/^\d+$/.test(name)) return undefined;
  const index = Number(name);
  if (index >= stage.index)
    scope.fail(`invalid stage index ${name}`, 'Stages count from 0, and a stage can read only earlier stages.');
  return planning.dockerfile.stages[index];
}

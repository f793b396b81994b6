import { type AddInstruction, type CopyInstruction, parseChmod, suggest } from '@shale/dockerfile-parser';
import { redactUrls } from '@shale/core';
import { BaseImageMissingError } from './base-images.ts';
import type { TreeSource } from '../graph/build-graph.ts';
import { isGitSource } from '../context/git-source.ts';
import { parseChecksum } from '../copy/download.ts';
import { isRemoteSource, isUrl } from '../copy/remote-source.ts';
import type { Expander } from './expander.ts';
import { findNamedContext } from './named-context.ts';
import { findStage } from './plan.ts';
import type { PlannedStep, StageDraft } from './plan-stage.ts';
import { stageName } from './plan-stage.ts';
import { absolutePath } from './plan-workdir.ts';

export async function planCopy(
  draft: StageDraft,
  instruction: CopyInstruction | AddInstruction,
  expand: Expander,
): Promise<PlannedStep> {
  const optional = (text: string | undefined) => (text === undefined ? undefined : expand.word(text));
  const sources = instruction.sources.map((source) => expand.word(source));
  const destination = expand.word(instruction.destination);
  const chown = optional(instruction.chown);
  const chmod = optional(instruction.chmod);
  const checksum = instruction.keyword === 'ADD' ? optional(instruction.checksum) : undefined;
  if (instruction.keyword === 'COPY') refuseRemote(sources, expand);
  if (checksum !== undefined) checkChecksum(checksum, sources, expand);
  if (chmod !== undefined) parseChmod(chmod);
  const from: TreeSource =
    instruction.keyword === 'COPY' && instruction.from !== undefined
      ? await treeSource(draft, instruction.from, expand, 'copy')
      : { type: 'context', context: draft.planning.options.context };
  return {
    createdBy: copyHistory(instruction, { sources, destination, chown, chmod }),
    action: {
      type: 'copy',
      instruction,
      sources,
      inline: instruction.heredocs.map(({ name, content, expand: expands }) => ({
        name,
        content: expands ? expand.heredoc(content) : content,
      })),
      destination: absolutePath(draft.state, destination),
      chown,
      chmod,
      checksum,
      from,
    },
  };
}

function refuseRemote(sources: readonly string[], expand: Expander): void {
  for (const source of sources) {
    if (isGitSource(source)) throw expand.error("source can't be a git ref for COPY", 'Use ADD.');
    if (isUrl(source)) throw expand.error("source can't be a URL for COPY", 'Use ADD.');
  }
}

function checkChecksum(checksum: string, sources: readonly string[], expand: Expander): void {
  const [source = '', ...others] = sources;
  if (others.length > 0)
    throw expand.error("checksum can't be specified for multiple sources", 'Write one ADD for each source.');
  if (!isRemoteSource(source))
    throw expand.error(
      'checksum requires HTTP(S) or Git sources',
      'Files of the context need none: their content is in the key.',
    );
  if (!isGitSource(source)) parseChecksum(checksum);
}

interface ExpandedCopy {
  readonly sources: readonly string[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
}

function copyHistory(
  instruction: CopyInstruction | AddInstruction,
  { sources, destination, chown, chmod }: ExpandedCopy,
): string {
  const words = [
    instruction.keyword,
    ...(instruction.keyword === 'COPY' && instruction.parents ? ['--parents'] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
    ...sources.map(redactUrls),
    ...instruction.heredocs.map(({ name }) => `<<${name}`),
    destination,
  ];
  return `${words.join(' ')} # buildkit`;
}

/**
 * What `--from` of COPY and `from` of a mount mean: a stage by name, a stage by index, a named context, an image.
 * @throws {DockerfileError} for a stage that comes later, or an index that no stage has.
 */
export async function treeSource(
  draft: StageDraft,
  name: string,
  expand: Expander,
  verb: 'copy' | 'mount',
): Promise<TreeSource> {
  const { planning, stage } = draft;
  const { dockerfile, options } = planning;
  const named = findNamedContext(options.namedContexts, name);
  if (named?.type === 'directory') return { type: 'context', context: named.context };
  const earlier = findStage(dockerfile, name, stage.index) ?? stageByIndex(draft, name, expand);
  if (earlier !== undefined) return { type: 'node', node: (await planning.stage(earlier.index)).tip };
  const later = findStage(dockerfile, name, dockerfile.stages.length);
  if (later?.index === stage.index)
    throw expand.error(`circular dependency detected on stage: ${name}`, 'A stage reads only earlier ones.');
  if (later !== undefined) {
    const action = verb === 'copy' ? 'copy' : 'mount';
    throw expand.error(
      `cannot ${action} from stage "${name}", it needs to be defined before current stage "${stageName(stage)}"`,
      'Move that stage up.',
    );
  }
  if (name === 'scratch')
    return { type: 'node', node: { kind: 'base', image: undefined, platform: draft.state.platform } };
  const image = named?.type === 'image' ? named.reference : name;
  const node = await planning.image(image, draft.state.platform).catch((error: unknown) => {
    throw named === undefined ? meantStage(error, draft, { name, expand }) : error;
  });
  return { type: 'node', node };
}

/** An image that is not there may have been meant as a stage. */
function meantStage(
  error: unknown,
  { planning, stage }: StageDraft,
  { name, expand }: { readonly name: string; readonly expand: Expander },
): unknown {
  const earlier = planning.dockerfile.stages.slice(0, stage.index).flatMap((other) => other.name ?? []);
  const close = suggest(name.toLowerCase(), earlier);
  if (!(error instanceof BaseImageMissingError) || close === undefined) return error;
  return expand.error(error.message, `Did you mean the stage ${close}?`);
}

function stageByIndex({ planning, stage }: StageDraft, name: string, expand: Expander) {
  if (!/^\d+$/.test(name)) return undefined;
  const index = Number(name);
  if (index >= stage.index)
    throw expand.error(`invalid stage index ${name}`, 'Stages count from 0, and only earlier ones can be read.');
  return planning.dockerfile.stages[index];
}

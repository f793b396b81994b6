import { type AddInstruction, type CopyInstruction, parseChmod } from '@shale/dockerfile-parser';
import { redactUrls } from '@shale/core';
import type { TreeSource } from '../graph/build-graph.ts';
import { isGitSource } from '@shale/git';
import { parseChecksum } from '../copy/download.ts';
import { isRemoteSource, isUrl } from '../copy/remote-source.ts';
import type { InstructionScope } from './instruction-scope.ts';
import type { PlannedStep, StageDraft } from './stage-draft.ts';
import { absolutePath } from './plan-workdir.ts';
import { treeSource } from './tree-source.ts';

export async function planCopy(
  draft: StageDraft,
  instruction: CopyInstruction | AddInstruction,
  scope: InstructionScope,
): Promise<PlannedStep> {
  const { expand } = scope;
  const optional = (text: string | undefined) => (text === undefined ? undefined : expand.word(text));
  const sources = instruction.sources.map((source) => expand.word(source));
  const destination = expand.word(instruction.destination);
  const chown = optional(instruction.chown);
  const chmod = optional(instruction.chmod);
  const checksum = instruction.keyword === 'ADD' ? optional(instruction.checksum) : undefined;
  if (instruction.keyword === 'COPY') refuseRemote(sources, scope);
  if (checksum !== undefined) checkChecksum(checksum, sources, scope);
  if (chmod !== undefined) parseChmod(chmod);
  const from: TreeSource =
    instruction.keyword === 'COPY' && instruction.from !== undefined
      ? await treeSource(draft, instruction.from, scope, 'copy')
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

function refuseRemote(sources: readonly string[], scope: InstructionScope): void {
  for (const source of sources) {
    if (isGitSource(source)) scope.fail("source can't be a git ref for COPY", 'Use ADD.');
    if (isUrl(source)) scope.fail("source can't be a URL for COPY", 'Use ADD.');
  }
}

function checkChecksum(checksum: string, sources: readonly string[], scope: InstructionScope): void {
  const [source = '', ...others] = sources;
  if (others.length > 0)
    scope.fail("checksum can't be specified for multiple sources", 'Write one ADD for each source.');
  if (!isRemoteSource(source))
    scope.fail(
      'checksum requires HTTP(S) or Git sources',
      'Files of the context need no checksum: their content is part of the cache key.',
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

import { ShaleError } from '@shale/core';
import type { CacheMount, Mount, RunInstruction, SourceRange } from '@shale/dockerfile-parser';
import { cleanPath, didYouMean, DockerfileError, parseMount } from '@shale/dockerfile-parser';
import { hiddenArgs } from './build-args.ts';
import type { RunAction, RunMount, Entitlement } from '../graph/build-graph.ts';
import type { InstructionScope } from './instruction-scope.ts';
import type { PlanOptions } from './planning.ts';
import { treeSource } from './tree-source.ts';
import type { PlannedStep, StageDraft } from './stage-draft.ts';
import { commandArgs } from './fold-metadata.ts';
import { locatedAt } from '../graph/locate-error.ts';
import { argNames, environmentList, shellOf } from '../graph/stage-state.ts';
import { absolutePath } from './plan-workdir.ts';

/** Where scripts from here-documents are mounted while they run; as in BuildKit. */
const SCRIPT_DIRECTORY = '/dev/pipes';

export async function planRun(
  draft: StageDraft,
  instruction: RunInstruction,
  scope: InstructionScope,
): Promise<PlannedStep> {
  const { state, planning } = draft;
  refuseDevices(instruction, planning.options, scope);
  const { args, scripts } = runCommand(draft, instruction);
  const declared = new Set(state.args.map(({ key }) => key));
  const mounts = await Promise.all(instruction.mounts.map((text) => planMount(draft, text, scope)));
  return {
    createdBy: `RUN ${runHistory(draft, args)} # buildkit`,
    action: {
      type: 'run',
      instruction,
      args,
      scripts,
      environment: environmentList(state),
      argNames: argNames(state),
      hiddenEnvironment: hiddenArgs(planning.options.buildArgs, declared),
      cwd: state.config.WorkingDir || '/',
      user: state.config.User ?? '',
      hostname: planning.options.buildArgs['BUILDKIT_SANDBOX_HOSTNAME'] || undefined,
      network: runNetwork(instruction, planning.options, scope),
      security: runSecurity(instruction, planning.options, scope),
      mounts,
    },
  };
}

/** A here-document is the whole script, a file to execute (with `#!`), or input for the shell command. */
function runCommand({ state }: StageDraft, { command, heredocs }: RunInstruction): Pick<RunAction, 'args' | 'scripts'> {
  const [first] = heredocs;
  if (first === undefined || command.form === 'exec') return { args: commandArgs(command, state), scripts: [] };
  if (heredocs.length > 1 || !isSoleHeredoc(command.text)) {
    const bodies = heredocs.map(({ name, content }) => `${content}${name}`);
    return { args: [...shellOf(state), [command.text, ...bodies].join('\n')], scripts: [] };
  }
  if (!first.content.startsWith('#!')) return { args: [...shellOf(state), first.content], scripts: [] };
  const path = `${SCRIPT_DIRECTORY}/${first.name}`;
  return { args: [...shellOf(state), path], scripts: [{ path, content: first.content }] };
}

const isSoleHeredoc = (text: string) => /^<<-?\s*\S+$/.test(text.trim());

function runNetwork(
  { network, range }: RunInstruction,
  options: PlanOptions,
  scope: InstructionScope,
): 'host' | 'none' {
  switch (network) {
    case undefined:
    case 'default':
      return options.network;
    case 'none':
      return network;
    case 'host':
      // without restriction, every step has the host's network anyway
      if (options.network !== 'host') requireEntitlement('network.host', options, range);
      return network;
    default:
      scope.fail(
        `invalid network mode "${network}"${didYouMean(network, ['default', 'none', 'host'])}`,
        'Write default, none or host.',
      );
  }
}

function runSecurity(
  { security, range }: RunInstruction,
  options: PlanOptions,
  scope: InstructionScope,
): 'sandbox' | 'insecure' {
  switch (security) {
    case undefined:
    case 'sandbox':
      return 'sandbox';
    case 'insecure':
      requireEntitlement('security.insecure', options, range);
      return security;
    default:
      scope.fail(
        `security "${security}" is not valid${didYouMean(security, ['sandbox', 'insecure'])}`,
        'Write sandbox or insecure.',
      );
  }
}

class EntitlementDeniedError extends ShaleError {
  readonly code = 'ENTITLEMENT_DENIED';
}

function requireEntitlement(name: Entitlement, { entitlements, source }: PlanOptions, range: SourceRange): void {
  if (entitlements.includes(name)) return;
  const failure = new EntitlementDeniedError(`entitlement ${name} is not allowed`, {
    hint: 'Allow it for this build, if you trust the Dockerfile.',
  });
  throw locatedAt(failure, { file: source.name, line: range.startLine, endLine: range.endLine }, source);
}

async function planMount(draft: StageDraft, text: string, scope: InstructionScope): Promise<RunMount> {
  const mount = readMount(draft, text, scope);
  if (mount.type === 'bind') {
    const source = mount.from === undefined ? undefined : await treeSource(draft, mount.from, scope, 'mount');
    return { mount, source: source ?? { type: 'context', context: draft.planning.options.context } };
  }
  if (mount.type === 'cache' && mount.from !== undefined)
    return { mount, source: await treeSource(draft, mount.from, scope, 'mount') };
  return { mount, source: undefined };
}

function readMount({ state, planning }: StageDraft, text: string, scope: InstructionScope): Mount {
  try {
    const mount = parseMount(text, { expand: (value) => scope.expand.word(value) });
    if (!('target' in mount) || mount.target === undefined) return mount;
    const target = absolutePath(state, mount.target).replace(/(.)\/$/, '$1');
    return mount.type === 'cache' ? { ...mount, target, id: cacheId(mount, planning.options) } : { ...mount, target };
  } catch (error) {
    if (error instanceof DockerfileError && error.range === undefined) scope.fail(error.message, error.hint);
    throw error;
  }
}

/** As in BuildKit, the default id is the target as written, whatever WORKDIR is. Namespaces share no caches. */
function cacheId({ id, target }: CacheMount, { buildArgs }: PlanOptions): string {
  const name = id ?? cleanPath(target);
  const namespace = buildArgs['BUILDKIT_CACHE_MOUNT_NS'];
  return namespace ? `${namespace}/${name}` : name;
}

/** shale gives no devices to steps: a required device is an error, an optional one is left out. */
function refuseDevices(
  { devices, range }: RunInstruction,
  { onProgress, source }: PlanOptions,
  scope: InstructionScope,
): void {
  for (const device of devices) {
    const [name = '', ...attributes] = device.split(',');
    if (attributes.some((attribute) => /^required(?:=true)?$/.test(attribute)))
      scope.fail(
        `device ${name} is requested by the build but not allowed`,
        'shale gives no devices to steps. Without `required`, the step runs without the device.',
      );
    onProgress({
      type: 'warning',
      code: 'device-left-out',
      message: `The step runs without the device ${name}`,
      place: { file: source.name, line: range.startLine },
    });
  }
}

/** The declared ARGs, then the command: `|2 A=1 B=2 /bin/sh -c …`. */
function runHistory({ state }: StageDraft, args: readonly string[]): string {
  const values = new Map(state.args.map(({ key, value }) => [key, state.environment.get(key) ?? value ?? '']));
  const list = [...values].map(([key, value]) => `${key}=${value}`);
  return [...(list.length > 0 ? [`|${list.length}`, ...list] : []), ...args].join(' ');
}

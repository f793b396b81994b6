import type { CacheInput } from '@shale/cache';
import type { Change, MissCause } from '@shale/cache/explain';
import { messageOf } from '@shale/core';
import { formatAge } from '../terminal/format.ts';
import { stepLabel } from './build-view.ts';
import { describeUntrusted, type EarlierStep, type StepExplanation } from '@shale/explain';

/** Both sides of a comparison. */
export interface Sides {
  readonly inputs: readonly CacheInput[];
  readonly values?: Readonly<Record<string, string>> | undefined;
  readonly nearest: EarlierStep | undefined;
  /** Show what variables hold, not hashes of it. */
  readonly showValues: boolean;
}

/** Why a step missed, by the cause that counts most. */
export function describeExplanation(
  { cause, follows, nearest }: StepExplanation,
  sides: Omit<Sides, 'nearest'>,
): string {
  if (follows !== undefined) return `follows ${stepLabel(follows)}`;
  return describeCause(cause, { ...sides, nearest });
}

/** The same for any of the causes. */
export function describeCause(cause: MissCause, sides: Sides): string {
  switch (cause.type) {
    case 'bypassed':
      return 'the cache was not asked: --no-cache';
    case 'new-step':
      return 'not in the cache: the instruction is new';
    case 'first-build':
      return 'not in the cache, and no earlier build of it is known here';
    case 'platform':
      return `platform ${change('platform', sides)}`;
    case 'base-image':
      return `base image changed: ${change('base', sides)}`;
    case 'instruction':
      return instructionChange(sides);
    case 'heredoc':
      return `here-document ${cause.name} ${cause.change}`;
    case 'option':
      return `${optionName(cause.name)} ${cause.change}`;
    case 'mount':
      return `mount ${cause.target} ${cause.change}`;
    case 'variable':
      return variableChange(cause, sides);
    case 'file':
      return cause.how === 'mode'
        ? `file ${cause.path} changed its mode or owner`
        : `file ${cause.path} ${cause.change}`;
    case 'directory':
      return `something in ${cause.path} ${cause.change}`;
    case 'content':
      return 'what it copies changed';
    case 'source-step':
      return 'a step that it copies from changed';
    case 'parent-step':
      return 'the step before it changed';
    case 'other':
      return `${cause.name} ${cause.change}`;
    case 'expired':
      return `its entry expired: made ${formatAge(Date.now() - cause.created.getTime())} ago, older than --cache-ttl`;
    case 'evicted':
      return `evicted: it was built before${builtAt(sides.nearest)}, and no cache has its layer now`;
    case 'corrupt':
      return 'its entry is damaged';
    case 'untrusted':
      return `its entry is not trusted: ${describeUntrusted(cause.reason)}`;
    case 'unreadable':
      return `its entry cannot be read: ${cause.reason}`;
    case 'unreachable':
      return `the ${cause.backend} cache could not be asked: ${messageOf(cause.error)}`;
  }
}

function instructionChange({ nearest }: Sides): string {
  return nearest?.name === undefined
    ? 'the instruction changed'
    : `the instruction changed, before it was ${nearest.name}`;
}

function builtAt(nearest: EarlierStep | undefined): string {
  return nearest === undefined ? '' : ` (${formatAge(Date.now() - nearest.built.getTime())} ago)`;
}

const OPTION_NAMES: Readonly<Record<string, string>> = {
  'source-date-epoch': 'the fixed time of files (--reproducible, --push-image, SOURCE_DATE_EPOCH)',
  user: 'USER',
  workdir: 'WORKDIR',
  shell: 'SHELL',
  flags: 'the flags of the instruction',
};

function optionName(name: string): string {
  return OPTION_NAMES[name] ?? `--${name}`;
}

function variableChange({ kind, name, change: how }: Extract<MissCause, { type: 'variable' }>, sides: Sides): string {
  const input = `${kind === 'ARG' ? 'arg' : 'env'}.${name}`;
  const { showValues, values, nearest } = sides;
  const isKnown = showValues && (values?.[input] !== undefined || nearest?.values?.[input] !== undefined);
  const [before, now] = isKnown
    ? [quoted(nearest?.values?.[input]), quoted(values?.[input])]
    : [hashOf(nearest?.inputs, input), hashOf(sides.inputs, input)];
  return `${kind} ${name} ${how}${betweenOf(how, before, now)}`;
}

function betweenOf(how: Change, before: string | undefined, now: string | undefined): string {
  if (how === 'added') return now === undefined ? '' : `: ${now}`;
  if (how === 'removed') return before === undefined ? '' : `: it was ${before}`;
  return `: ${before ?? '?'} → ${now ?? '?'}`;
}

const HASH_DIGITS = 8;

/** A hash of what the variable holds. */
function hashOf(inputs: readonly CacheInput[] | undefined, name: string): string | undefined {
  const hash = inputs?.find((input) => input.name === name)?.hash;
  return hash === undefined ? undefined : `#${hash.slice(0, HASH_DIGITS)}`;
}

function quoted(value: string | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** Of what is no secret: base images and platforms. */
function change(name: string, { inputs, values, nearest }: Sides): string {
  const now = values?.[name] ?? inputs.find((input) => input.name === name)?.hash;
  const before = nearest?.values?.[name] ?? nearest?.inputs.find((input) => input.name === name)?.hash;
  return `${before ?? '?'} → ${now ?? '?'}`;
}

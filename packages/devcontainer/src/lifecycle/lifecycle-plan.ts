import {
  type DevcontainerConfiguration,
  LIFECYCLE_HOOKS,
  type LifecycleCommand,
  type LifecycleHook,
} from '../configuration/configuration.ts';
import type { MetadataEntry } from '../metadata/metadata-entry.ts';

/** A program to run, with its arguments. */
export interface LifecycleProcess {
  /** Its key, where a command has several that run beside each other. */
  readonly name?: string | undefined;
  readonly argv: readonly string[];
}

/** One command: done when all of its processes have succeeded. A failure ends the plan. */
export interface LifecycleStep {
  /** `devcontainer.json`, or the feature that brought the command. */
  readonly origin: string;
  /** Run beside each other. */
  readonly processes: readonly LifecycleProcess[];
}

/** How often a phase runs: once for each container, each start of it, or each tool that attaches. */
export type Occurrence = 'creation' | 'start' | 'attach';

export interface LifecyclePhase {
  readonly hook: LifecycleHook;
  readonly once: Occurrence;
  /** Whether tools wait for it before they attach. */
  readonly blocking: boolean;
  /** Runs even where it has run: a prebuild brings its content up to date. */
  readonly again: boolean;
  /** Run one after the other. */
  readonly steps: readonly LifecycleStep[];
}

export interface LifecyclePlan {
  /** On the machine that has the workspace, before the container is made or started. */
  readonly initialize: readonly LifecycleProcess[];
  /** In the container, in this order. Dotfiles are installed before postStartCommand. */
  readonly phases: readonly LifecyclePhase[];
}

export interface LifecyclePlanOptions {
  /** Ends after updateContentCommand, and runs that again. @default false */
  readonly prebuild?: boolean | undefined;
  /** Ends after what `waitFor` names. @default false */
  readonly skipNonBlocking?: boolean | undefined;
  /** @default false */
  readonly skipPostAttach?: boolean | undefined;
}

const OCCURRENCES: Readonly<Record<LifecycleHook, Occurrence>> = {
  onCreateCommand: 'creation',
  updateContentCommand: 'creation',
  postCreateCommand: 'creation',
  postStartCommand: 'start',
  postAttachCommand: 'attach',
};
const DEFAULT_WAIT_FOR = 'updateContentCommand';

/**
 * Which commands run when. Of each hook those of features come first, in the order of installation.
 * @param entries Of the base image, the features and the configuration, in this order, with variables replaced.
 */
export function lifecyclePlan(
  configuration: Pick<DevcontainerConfiguration, 'initializeCommand'>,
  entries: readonly MetadataEntry[],
  options: LifecyclePlanOptions = {},
): LifecyclePlan {
  const { prebuild = false, skipNonBlocking = false, skipPostAttach = false } = options;
  const waitFor = entries.findLast((entry) => entry.waitFor)?.waitFor ?? DEFAULT_WAIT_FOR;
  // -1, before all of them, for initializeCommand
  const lastBlocking = LIFECYCLE_HOOKS.indexOf(waitFor as LifecycleHook);
  const phases = LIFECYCLE_HOOKS.map((hook, index): LifecyclePhase => {
    const again = prebuild && hook === 'updateContentCommand';
    const blocking = index <= lastBlocking;
    return { hook, once: OCCURRENCES[hook], blocking, again, steps: stepsOf(hook, entries) };
  });
  const wanted = phases.filter(
    ({ hook, blocking }, index) =>
      (!prebuild || index <= LIFECYCLE_HOOKS.indexOf('updateContentCommand')) &&
      (!skipNonBlocking || blocking) &&
      (!skipPostAttach || hook !== 'postAttachCommand'),
  );
  return { initialize: processesOf(configuration.initializeCommand), phases: wanted };
}

function stepsOf(hook: LifecycleHook, entries: readonly MetadataEntry[]): readonly LifecycleStep[] {
  return entries
    .map((entry) => ({ origin: entry.id ?? 'devcontainer.json', processes: processesOf(entry[hook]) }))
    .filter(({ processes }) => processes.length > 0);
}

/** A text is for the shell, a list is a program and its arguments, an object has several of these. */
function processesOf(command: LifecycleCommand | undefined): readonly LifecycleProcess[] {
  if (command === undefined) return [];
  if (typeof command === 'string' || isList(command)) return argvOf(command).map((argv) => ({ argv }));
  return Object.entries(command).flatMap(([name, one]) => argvOf(one).map((argv) => ({ name, argv })));
}

function argvOf(command: string | readonly string[]): readonly (readonly string[])[] {
  if (typeof command === 'string') return command.trim() === '' ? [] : [['/bin/sh', '-c', command]];
  return command.length === 0 ? [] : [command];
}

function isList(command: LifecycleCommand): command is readonly string[] {
  return Array.isArray(command);
}

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { undefinedIfMissing } from '@shale/core/files';
import { SandboxFailedError } from '../host/sandbox-failed-error.ts';

/** Whose files are in `/`: the container's own are leaving, a tree's are there, or the container's own are coming back. */
export type RootPhase = 'leaving' | 'tree' | 'returning';

export interface RootJournal {
  readonly phase: RootPhase;
  /** Where the tree is when it is not in `/`. */
  readonly tree: string;
  /** Marks the processes of the step. @see newStepTag */
  readonly tag: number | undefined;
}

const VERSION = '1';
const PHASES: readonly RootPhase[] = ['leaving', 'tree', 'returning'];

/** Not flushed: a process that is killed loses nothing, and a container's root does not survive its machine. */
export function writeJournal(path: string, { phase, tree, tag }: RootJournal): void {
  writeFileSync(`${path}.new`, JSON.stringify({ version: VERSION, phase, tree, tag }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** `undefined` where the root is the container's own. */
export function readJournal(path: string): RootJournal | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return undefinedIfMissing(error);
  }
  // written by ourselves, and whole
  const journal = JSON.parse(text) as Partial<RootJournal> & { readonly version?: string };
  const { version, tree, tag } = journal;
  const phase = PHASES.find((known) => known === journal.phase);
  if (version === VERSION && phase !== undefined && tree !== undefined) return { phase, tree, tag };
  throw new SandboxFailedError(`${path} is of another version of shale: the root file system cannot be put back`, {
    hint: 'Start a fresh container.',
  });
}

export function removeJournal(path: string): void {
  rmSync(path, { force: true });
}

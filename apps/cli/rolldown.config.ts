import { join } from 'node:path';
import { type ChunkingContext, defineConfig } from 'rolldown';
import { programBundle } from '@shale/tooling/program-bundle';

const SOURCE = join(import.meta.dirname, 'src');
const STEP_THREAD = '../../../packages/builder/src/executors/sandbox-worker.ts';

/**
 * Every file costs time to load: what threads of steps need is one, what all commands need besides is another, and what a
 * build needs besides a third.
 */
const PIECES = {
  step: [STEP_THREAD],
  program: ['start.ts', 'program.ts'],
  build: ['commands/build.ts', 'render/plain.ts', 'render/quiet.ts'],
} as const;

/** Adds a module, and what it imports before it runs. */
function addClosure(found: Set<string>, id: string, context: ChunkingContext): void {
  if (found.has(id)) return;
  found.add(id);
  for (const imported of context.getModuleInfo(id)?.importedIds ?? []) addClosure(found, imported, context);
}

function pieceNames(): (id: string, context: ChunkingContext) => string | undefined {
  let pieces: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  return (id, context) => {
    pieces ??= new Map(
      Object.entries(PIECES).map(([piece, roots]) => {
        const closure = new Set<string>();
        for (const root of roots) addClosure(closure, join(SOURCE, root), context);
        return [piece, closure];
      }),
    );
    if (id === join(SOURCE, STEP_THREAD)) return undefined; // a file of its own, as threads start with it
    return [...pieces].find(([, closure]) => closure.has(id))?.[0];
  };
}

export default defineConfig(
  programBundle({
    name: 'shale',
    threads: { 'sandbox-worker': join(SOURCE, STEP_THREAD) },
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: pieceNames() }] },
  }),
);

import { dirname, join } from 'node:path';
import { type ChunkingContext, defineConfig, type Plugin } from 'rolldown';

const OWN_MODULE_URL = /new URL\(`\.\/([\w-]+)\$\{extname\(import\.meta\.url\)\}`, import\.meta\.url\)/g;

/** A module that another one starts by its URL, as a worker does, becomes an entry of its own beside the bundle. */
function startedModules(): Plugin {
  return {
    name: 'started-modules',
    transform: {
      filter: { code: 'extname(import.meta.url)' },
      handler(code, id) {
        for (const [, name] of code.matchAll(OWN_MODULE_URL)) {
          this.emitFile({ type: 'chunk', id: join(dirname(id), `${name}.ts`), fileName: `${name}.cjs` });
        }
        return null;
      },
    },
  };
}

const BUILTIN = /^let (node_\w+) = (require\("node:[\w/]+"\));\n(?:\1 = ((?:\w+\.)?__toESM\()\1(, 1\));\n)?/gm;

/** Node's own modules take a third of a short command's time to load, so each is loaded where it is first used. */
function lazyBuiltins(): Plugin {
  return {
    name: 'lazy-builtins',
    renderChunk(code) {
      const names: string[] = [];
      const declared = code.replace(BUILTIN, (_, name: string, required: string, open = '', close = '') => {
        names.push(name);
        return `let ${name}_;\nconst ${name} = () => ${name}_ ??= ${open}${required}${close};\n`;
      });
      return names.reduce((text, name) => text.replaceAll(new RegExp(`\\b${name}\\.`, 'g'), `(${name}()).`), declared);
    },
  };
}

/** As the main program does for itself: what Node says of its own experimental parts is not for users. */
const QUIET_THREAD = "process.removeAllListeners('warning');";

const SOURCE = join(import.meta.dirname, 'src');
const STEP_THREAD = '../../../packages/builder/src/executors/sandbox-worker.ts';

/**
 * Every file costs time to load: what threads of steps need is one, what all commands need besides is another, and what a
 * build needs besides a third.
 */
const PIECES = {
  step: [STEP_THREAD],
  program: ['start.ts', 'program.ts'],
  build: ['commands/build.ts'],
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

export default defineConfig({
  input: { shale: 'src/main.ts' },
  platform: 'node',
  transform: { target: 'node22.19' },
  resolve: { conditionNames: ['@shale/source', 'node', 'import'], mainFields: ['module', 'main'] },
  plugins: [startedModules(), lazyBuiltins()],
  output: {
    dir: 'dist',
    // Node links ES modules one by one, and gives each of its own modules a facade that loads all of it.
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    cleanDir: true,
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: pieceNames() }] },
    banner: ({ isEntry, name }) => (isEntry && name !== 'shale' ? QUIET_THREAD : ''),
  },
});

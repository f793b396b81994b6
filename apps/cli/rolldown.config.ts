import { dirname, join } from 'node:path';
import { defineConfig, type Plugin } from 'rolldown';

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

/** What builds share with checks and the warmer, in one piece: every file costs time to load. */
const shared = {
  name: 'parser',
  test: /packages\/dockerfile-parser\/src\/(?!lint\/)|packages\/core\/src\/(?:reference|platform|digest)\.ts|apps\/cli\/src\/checks\/(?:known-images|check-argument|build-checks)\.ts/,
  includeDependenciesRecursively: false,
};

/** What every build keeps a journal with, and probes and explanations read. */
const journal = {
  name: 'journal',
  test: /apps\/cli\/src\/explain\/(?:build-journal|build-identity|cache-warnings|describe-untrusted|keep-trails|open-trails)\.ts|packages\/cache\/src\/build-trails\.ts|apps\/cli\/src\/(?:render\/tally|commands\/refuse-offline)\.ts/,
  includeDependenciesRecursively: false,
};

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
    codeSplitting: { groups: [shared, journal] },
    banner: ({ isEntry, name }) => (isEntry && name !== 'shale' ? QUIET_THREAD : ''),
  },
});

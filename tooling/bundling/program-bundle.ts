import { dirname, join } from 'node:path';
import type { OutputOptions, Plugin, RolldownOptions } from 'rolldown';

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

/** V8 keeps text that is ASCII alone in half the memory, and Node reads it without decoding. */
function asciiText(): Plugin {
  return {
    name: 'ascii-text',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = escapeBeyondAscii(file.code);
    },
  };
}

function escapeBeyondAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As main programs do for themselves: what Node says of its own experimental parts is not for users. */
const QUIET_THREAD = "process.removeAllListeners('warning');";

export interface ProgramBundleOptions extends Pick<OutputOptions, 'codeSplitting'> {
  /** What the file in `dist` is called. */
  readonly name: string;
}

/** How a program of ours is bundled from `src/main.ts`, so that it starts fast. */
export function programBundle({ name: program, ...output }: ProgramBundleOptions): RolldownOptions {
  return {
    input: { [program]: 'src/main.ts' },
    platform: 'node',
    transform: { target: 'node22.19' },
    resolve: { conditionNames: ['@shale/source', 'node', 'import'], mainFields: ['module', 'main'] },
    plugins: [startedModules(), lazyBuiltins(), asciiText()],
    output: {
      dir: 'dist',
      // Node links ES modules one by one, and gives each of its own modules a facade that loads all of it.
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name]-[hash].cjs',
      cleanDir: true,
      minifyInternalExports: false, // `lazyBuiltins` knows them by name
      // Less text to read and shorter names to look up. What stacks and errors show stays as it is.
      minify: { compress: false, mangle: { keepNames: true } },
      banner: ({ isEntry, name }) => (isEntry && name !== program ? QUIET_THREAD : ''),
      ...output,
    },
  };
}

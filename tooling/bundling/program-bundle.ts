import type { OutputOptions, Plugin, RolldownOptions } from 'rolldown';

/** V8 keeps a file that is all ASCII in half the memory: 3 MiB of the 90 that a cached build takes. */
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
  /** The modules that threads start with, by the names of their files in `dist`. */
  readonly threads: Readonly<Record<string, string>>;
}

/** How a program of ours is bundled from `src/main.ts`, so that it starts fast. */
export function programBundle({ name: program, threads, ...output }: ProgramBundleOptions): RolldownOptions {
  return {
    input: { [program]: 'src/main.ts', ...threads },
    platform: 'node',
    transform: { target: 'node22.19' },
    resolve: { conditionNames: ['@shale/source', 'node', 'import'], mainFields: ['module', 'main'] },
    plugins: [asciiText()],
    output: {
      dir: 'dist',
      // Node links ES modules one by one, and gives each of its own modules a facade that loads all of it.
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name]-[hash].cjs',
      cleanDir: true,
      // 1.6 MB to install instead of 2.7. Names stay in stacks and errors.
      minify: { compress: false, mangle: { keepNames: true } },
      banner: ({ name }) => (name in threads ? QUIET_THREAD : ''),
      ...output,
    },
  };
}

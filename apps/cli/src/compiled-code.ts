import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';

/** What is compiled when a command is first run differs from what is when its work is cached: some runs are learnt from. */
const LEARNING_RUNS = 3;

const HEAD = '(function (exports, require, module, __filename, __dirname) {';
const TAIL = '\n})';

/** A file of the bundle that is not known by heart yet. */
interface Learning {
  readonly script: Script;
  readonly path: string;
  /** That it was learnt from. */
  readonly runs: number;
}

/**
 * Loads the other files of the bundle with the functions that earlier runs of the command compiled. Node's own cache
 * holds a file as it is before anything in it was called, and so next to none of its functions. The names of the bundle's
 * files hold a hash of what is in them.
 * @returns Keeps what this run compiled, in the user's own cache folder.
 */
export function useCompiledCode(command: string): () => void {
  const named = process.env['NODE_COMPILE_CACHE'];
  delete process.env['NODE_COMPILE_CACHE']; // not for the programs started from here
  const own = ownDirectory();
  if (own === undefined || (named ?? own) !== own) return () => undefined; // the launcher of a source tree names another
  enableCompileCache(own); // for the threads of steps, which do not live to keep anything
  const directory = join(own, `${process.version}-${process.arch}`);
  const learning: Learning[] = [];
  createRequire(import.meta.url).extensions['.cjs'] = (module: NodeJS.Module, filename: string) => {
    const path = join(directory, `${basename(filename, '.cjs')}.${/^[a-z]+$/.test(command) ? command : 'any'}`);
    const kept = readKept(path);
    const script = new Script(`${HEAD}${readFileSync(filename, 'utf8')}${TAIL}`, {
      filename,
      columnOffset: -HEAD.length,
      cachedData: kept?.subarray(0, -1),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const runs = script.cachedDataRejected === false ? (kept?.at(-1) ?? 0) : 0;
    if (runs < LEARNING_RUNS) learning.push({ script, path, runs });
    const load = script.runInThisContext() as (...scope: readonly unknown[]) => void;
    load.call(module.exports, module.exports, (id: string) => module.require(id), module, filename, dirname(filename));
  };
  return () => {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      for (const { script, path, runs } of learning)
        keep(path, Buffer.concat([script.createCachedData(), Buffer.of(runs + 1)]));
    } catch {
      // the next run is no slower than this one
    }
  };
}

/** Compiled code is trusted, so it is read only from below a home that is this very user's: `sudo` may keep another's. */
function ownDirectory(): string | undefined {
  const base = process.env['XDG_CACHE_HOME'] || undefined;
  const home = base ?? homedir();
  if (statSync(home, { throwIfNoEntry: false })?.uid !== process.getuid?.()) return undefined;
  return join(base ?? join(home, '.cache'), 'shale/compiled');
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Whole and on the disk, or not at all: nothing checks compiled code for damage. */
function keep(path: string, content: Buffer): void {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, content, { flush: true, mode: 0o600 });
  renameSync(beside, path);
}

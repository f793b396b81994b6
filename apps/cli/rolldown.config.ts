import { basename, dirname, resolve } from 'node:path';
import { defineConfig, type Plugin } from 'rolldown';

const WORKER_URL = /new URL\(\s*'(\.[^']+)\.(?:ts|js)',\s*import\.meta\.url,?\s*\)/g;

/** What a module starts beside itself, as a worker or as a program, becomes an entry of its own beside the bundle. */
function workerEntries(): Plugin {
  return {
    name: 'worker-entries',
    transform: {
      filter: { code: 'import.meta.url' },
      handler(code, id) {
        return code.replaceAll(WORKER_URL, (_match, path: string) => {
          const name = `${basename(path)}.js`;
          this.emitFile({ type: 'chunk', id: `${resolve(dirname(id), path)}.ts`, fileName: name });
          return `new URL('./${name}', import.meta.url)`;
        });
      },
    },
  };
}

export default defineConfig({
  input: { shale: 'src/main.ts' },
  platform: 'node',
  resolve: { conditionNames: ['@shale/source', 'node', 'import'] },
  plugins: [workerEntries()],
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    cleanDir: true,
  },
});

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
          this.emitFile({ type: 'chunk', id: join(dirname(id), `${name}.ts`), fileName: `${name}.js` });
        }
        return null;
      },
    },
  };
}

/** As the main program does for itself: what Node says of its own experimental parts is not for users. */
const QUIET_THREAD = "process.removeAllListeners('warning');";

export default defineConfig({
  input: { shale: 'src/main.ts' },
  platform: 'node',
  transform: { target: 'node22.19' },
  resolve: { conditionNames: ['@shale/source', 'node', 'import'], mainFields: ['module', 'main'] },
  plugins: [startedModules()],
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    cleanDir: true,
    banner: ({ isEntry, name }) => (isEntry && name !== 'shale' ? QUIET_THREAD : ''),
  },
});

import { defineConfig, type OutputOptions, type RolldownOptions } from 'rolldown';

const shared: RolldownOptions = {
  platform: 'node',
  transform: { target: 'node26' },
  resolve: { conditionNames: ['@shale/source', 'node', 'import'], mainFields: ['module', 'main'] },
};
const output: OutputOptions = { dir: 'dist-binary', format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false };

/** One file for the program and one for its threads: a single executable holds files, and no tree of them. */
export default defineConfig([
  { ...shared, input: { shale: 'src/main.ts' }, output: { ...output, cleanDir: true } },
  {
    ...shared,
    input: { 'sandbox-worker': '../../packages/builder/src/executors/sandbox-worker.ts' },
    output: { ...output, banner: "process.removeAllListeners('warning');" },
  },
]);

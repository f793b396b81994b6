import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { 'shale-warmerd': 'src/main.ts', worker: 'src/worker.ts' },
  platform: 'node',
  transform: { target: 'node22.19' },
  resolve: { conditionNames: ['@shale/source', 'node', 'import'], mainFields: ['module', 'main'] },
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    cleanDir: true,
  },
});

import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['tooling/e2e/**/*.e2e.ts'],
    testTimeout: 180_000,
    hookTimeout: 300_000, // the first run makes the base images
    retry: 1, // `npm test` names every test that needed it
    fileParallelism: false,
    maxConcurrency: 2,
  },
});

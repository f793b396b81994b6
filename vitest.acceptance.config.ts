import { defineConfig } from 'vitest/config';
import e2e from './vitest.e2e.config.ts';

/** Proofs that take minutes: run by hand (`npm run acceptance -- WORDS`), and before a release. */
export default defineConfig({
  ...e2e,
  test: {
    ...e2e.test,
    include: ['tooling/acceptance/**/*.acceptance.ts'],
    retry: 0,
    testTimeout: 3_600_000,
    fileParallelism: false,
    maxConcurrency: 1,
  },
});

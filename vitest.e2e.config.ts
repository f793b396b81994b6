import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tooling/e2e/longest-first.ts';
import base from './vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['tooling/e2e/**/*.e2e.ts'],
    testTimeout: 180_000,
    globalSetup: ['tooling/e2e/global-setup.ts'],
    hookTimeout: 300_000, // the first run makes the base images
    sequence: { sequencer: LongestFirst },
    retry: 1, // `npm test` names every test that needed it
    maxConcurrency: 2,
  },
});

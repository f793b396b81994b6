import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default mergeConfig(
  base,
  defineConfig({ test: { include: ['tooling/e2e/**/*.e2e.ts'], testTimeout: 180_000, fileParallelism: false } }),
);

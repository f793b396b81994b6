import { defineConfig } from 'vitest/config';
import { CountReporter } from './tooling/src/vitest-reporter.ts';

const conditions = ['@shale/source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '.cache/**', 'tooling/conformance/cases/**'],
    reporters: ['default', new CountReporter()],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

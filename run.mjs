#!/usr/bin/env node
// Runs a workspace script with the pinned pnpm, from a machine that has only Node >= 18 and npm.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const root = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const { packageManager } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const npx = ['--yes', '--loglevel=error', '--allow-scripts=pnpm', `--package=${packageManager}`, '--'];
const { status, error } = spawnSync('npx', [...npx, 'pnpm', 'run', '--silent', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CI: 'true', TURBO_TELEMETRY_DISABLED: '1' },
});
if (error) console.error(`Could not start npx: ${error.message}. Install Node with npm.`);
process.exit(status ?? 1);

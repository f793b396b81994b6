// `pnpm unit`: runs the unit tests of each package that changed, or that depends on a changed one. `npm test` runs all.
import { spawnSync } from 'node:child_process';
import { testMachine } from './test-machine.ts';
import { workspaceRoot } from './workspace.ts';

const turbo = ['run', 'unit', '--env-mode=loose', '--continue', '--concurrency=2', '--output-logs=new-only'];
const { status } = spawnSync('turbo', [...turbo, ...process.argv.slice(2)], {
  cwd: workspaceRoot,
  stdio: 'inherit',
  env: { ...process.env, SHALE_TEST_MACHINE: await testMachine() },
});
process.exitCode = status ?? 1;

// `npm test`: sets up, then makes every check. The last line is `N passed, N failed`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { ensurePackages, packagesFor } from './debian-packages.ts';
import type { TestCounts } from './vitest-reporter.ts';
import { workspaceRoot } from './workspace.ts';

interface Stage {
  readonly name: string;
  readonly script: readonly string[];
  /** Counts each of its tests instead of itself. */
  readonly countsTests?: boolean;
}

const STAGES: readonly Stage[] = [
  { name: 'types', script: ['types'] },
  { name: 'lint', script: ['lint'] },
  { name: 'format', script: ['format'] },
  { name: 'unused code', script: ['unused'] },
  { name: 'build and exports', script: ['exports'] },
  { name: 'unit tests', script: ['unit'], countsTests: true },
  { name: 'end-to-end tests', script: ['e2e'], countsTests: true },
];

const scratch = mkdtempSync(join(tmpdir(), 'shale-verify-'));
let passed = 0;
let failed = 0;
const failures: string[] = [];

try {
  await check('set-up', () => ensurePackages(packagesFor.test));
  for (const stage of STAGES) await runStage(stage);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
for (const failure of failures) console.log(`\n✗ ${failure}`);
console.log(`${passed} passed, ${failed} failed`);

async function runStage({ name, script, countsTests = false }: Stage): Promise<void> {
  await check(name, async () => {
    const counts = join(scratch, `${script[0]}.json`);
    const { status, stdout, stderr } = await runCommand(['pnpm', 'run', '--silent', ...script], {
      cwd: workspaceRoot,
      env: { SHALE_TEST_COUNTS: counts },
      echo: countsTests,
      timeoutMs: 3_600_000,
    });
    if (countsTests && existsSync(counts))
      return addCounts(JSON.parse(readFileSync(counts, 'utf8')) as TestCounts, status);
    if (status !== 0) throw new Error(`${stdout}${stderr}`.trim());
    return undefined;
  });
}

/** A run that failed without a failed test still fails as one. */
function addCounts(counts: TestCounts, status: number): 'counted' {
  passed += counts.passed;
  failed += status !== 0 && counts.failed === 0 ? 1 : counts.failed;
  failures.push(...counts.failures);
  for (const name of counts.flaky) console.log(`  passed only when tried again: ${name}`);
  return 'counted';
}

async function check(name: string, run: () => Promise<'counted' | void>): Promise<void> {
  const started = Date.now();
  console.log(`\n▶ ${name}`);
  const result = await run().catch((error: unknown) => error as Error);
  if (result instanceof Error) console.log(result.message);
  if (result !== 'counted') {
    if (result instanceof Error) {
      failed += 1;
      failures.push(name);
    } else passed += 1;
  }
  console.log(
    `  ${name}: ${result instanceof Error ? 'failed' : 'done'} in ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
}

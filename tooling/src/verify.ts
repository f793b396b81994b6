// `npm test`: sets up and runs every check. The last line is `N passed, N failed`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { ensurePackages, packagesFor } from './debian-packages.ts';
import { Summary } from './summary.ts';
import type { TestCounts } from './vitest-reporter.ts';
import { workspaceRoot } from './workspace.ts';

interface Stage {
  readonly name: string;
  /** A script of the root's package.json. */
  readonly script: string;
  /** Every test counts, and the stage itself does not. */
  readonly countsTests?: boolean;
}

const STAGES: readonly Stage[] = [
  { name: 'types, lint, format, unused code and exports', script: 'check' },
  { name: 'unit tests', script: 'unit:run', countsTests: true },
  { name: 'end-to-end tests', script: 'e2e', countsTests: true },
];

const scratch = mkdtempSync(join(tmpdir(), 'shale-verify-'));
const summary = new Summary();
try {
  await check('set-up', () => ensurePackages(packagesFor.test));
  for (const stage of STAGES) await check(stage.name, () => runStage(stage));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = summary.isGreen ? 0 : 1;
console.log(summary.format());

/** @returns the counts of the tests that the stage ran, if it ran any */
async function runStage({ script, countsTests = false }: Stage): Promise<TestCounts | undefined> {
  const countsFile = join(scratch, `${script}.json`);
  const { status, stdout, stderr } = await runCommand(['pnpm', 'run', '--silent', script], {
    cwd: workspaceRoot,
    env: { SHALE_TEST_COUNTS: countsFile },
    echo: countsTests,
    timeoutMs: 3_600_000,
  });
  const counts = existsSync(countsFile) ? (JSON.parse(readFileSync(countsFile, 'utf8')) as TestCounts) : undefined;
  const isExplained = counts !== undefined && counts.failures.length > 0;
  if (status !== 0 && !isExplained) throw new Error(`${stdout}${stderr}`.trim());
  return counts;
}

async function check(name: string, run: () => Promise<TestCounts | void>): Promise<void> {
  const started = Date.now();
  console.log(`\n▶ ${name}`);
  const result = await run().catch((error: unknown) => error as Error);
  if (result instanceof Error) {
    console.log(result.message);
    summary.addFailure(name);
  } else if (result === undefined) summary.addPass();
  else summary.addTests(result);
  const outcome = result instanceof Error ? 'failed' : 'done';
  console.log(`  ${name}: ${outcome} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** How many checks a run made. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Every failure's name and message, so that the end of a log tells what failed. */
  readonly failures: readonly string[];
  /** Tests that passed when tried again. */
  readonly flaky: readonly string[];
}

/** Writes a run's counts to the file that `SHALE_TEST_COUNTS` names, for `verify.ts` to add up. */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const path = process.env['SHALE_TEST_COUNTS'];
    if (path !== undefined) writeFileSync(path, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}

function countTests(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): TestCounts {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state);
  const broken = modules.filter((module) => module.errors().length > 0);
  return {
    passed: inState('passed').length,
    failed: inState('failed').length + broken.length + unhandledErrors.length,
    skipped: inState('skipped').length,
    failures: [
      ...inState('failed').map((test) => describeFailure(nameOf(test), test.result().errors ?? [])),
      ...broken.map((module) => describeFailure(module.relativeModuleId, module.errors())),
      ...unhandledErrors.map((error) => describeFailure('outside every test', [error])),
    ],
    flaky: tests.filter((test) => test.diagnostic()?.flaky === true).map(nameOf),
  };
}

const nameOf = (test: TestCase) => `${test.module.relativeModuleId} > ${test.fullName}`;

function describeFailure(name: string, errors: readonly unknown[]): string {
  const messages = errors.map((error) => String((error as { message?: unknown }).message ?? error));
  return [name, ...messages].join('\n').replaceAll('\n', '\n    ');
}

import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/** The result of a test run. */
export interface TestCounts {
  readonly passed: number;
  /** The name and message of each failure: the end of the log shows them. */
  readonly failures: readonly string[];
  /** The names of tests that failed first and passed when vitest repeated them. */
  readonly flaky: readonly string[];
  /** The names of tests that did not run. */
  readonly skipped: readonly string[];
}

/** Writes the counts of a run to the file that `SHALE_TEST_COUNTS` names. `verify.ts` adds them up. */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const path = process.env['SHALE_TEST_COUNTS'];
    if (path !== undefined) writeFileSync(path, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}

function countTests(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): TestCounts {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state);
  const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return {
    passed: inState('passed').length,
    failures: [
      ...inState('failed').map((test) => describeFailure(nameOf(test), test.result().errors ?? [])),
      ...groups.flatMap((group) => (group.errors().length > 0 ? [describeFailure(nameOf(group), group.errors())] : [])),
      ...unhandledErrors.map((error) => describeFailure('outside every test', [error])),
    ],
    flaky: tests.filter((test) => test.diagnostic()?.flaky === true).map(nameOf),
    skipped: inState('skipped').map(nameOf),
  };
}

function nameOf(task: TestCase | TestSuite | TestModule): string {
  return task.type === 'module' ? task.relativeModuleId : `${task.module.relativeModuleId} > ${task.fullName}`;
}

function describeFailure(name: string, errors: readonly unknown[]): string {
  const messages = errors.map((error) => String((error as { message?: unknown }).message ?? error));
  return [name, ...messages].join('\n').replaceAll('\n', '\n    ');
}

import type { TestCounts } from './vitest-reporter.ts';

/** Collects the results of all stages of `npm test`. A stage that runs no tests counts as one check. */
export class Summary {
  #passed = 0;
  readonly #failures: string[] = [];
  readonly #flaky: string[] = [];
  readonly #skipped: string[] = [];

  get isGreen(): boolean {
    return this.#failures.length === 0;
  }

  addPass(): void {
    this.#passed += 1;
  }

  addFailure(name: string): void {
    this.#failures.push(name);
  }

  addTests(counts: TestCounts): void {
    this.#passed += counts.passed;
    this.#failures.push(...counts.failures);
    this.#flaky.push(...counts.flaky);
    this.#skipped.push(...counts.skipped);
  }

  /** The last line is alone on its line: CI reads it. */
  format(): string {
    const skipped = this.#skipped.length === 0 ? '' : `, ${this.#skipped.length} skipped`;
    return [
      ...section('Skipped', this.#skipped),
      ...section('Flaky (passed only when repeated)', this.#flaky),
      ...this.#failures.map((failure) => `\n✗ ${failure}`),
      `${this.#passed} passed, ${this.#failures.length} failed${skipped}`,
    ].join('\n');
  }
}

function section(title: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`\n${title}: ${names.length}`, ...names.map((name) => `  ${name}`), ''];
}

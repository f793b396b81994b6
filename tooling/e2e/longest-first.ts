import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take longer than all others together, so nothing should wait for them at the end. */
const LONGEST = ['conformance.e2e.ts', 'kill.e2e.ts'];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((name) => moduleId.endsWith(name));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

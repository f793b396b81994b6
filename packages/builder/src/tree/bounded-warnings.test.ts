import type { ProgressEvent } from '@shale/core';
import { expect, it } from 'vitest';
import { boundedWarnings } from './bounded-warnings.ts';

function messages(count: number): string[] {
  const told: string[] = [];
  const onProgress = (event: ProgressEvent) => void (event.type === 'warning' && told.push(event.message));
  {
    using warnings = boundedWarnings('test', { onProgress });
    for (let index = 0; index < count; index += 1) warnings.warn(`warning ${index}`);
  }
  return told;
}

it('boundedWarnings() tells the first few, and then how many more there were', () => {
  expect(messages(2)).toEqual(['warning 0', 'warning 1']);
  expect(messages(5)).toHaveLength(5);
  expect(messages(1000).slice(4)).toEqual(['warning 4', '995 more warnings like these']);
});

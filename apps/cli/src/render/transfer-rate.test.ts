import { expect, it } from 'vitest';
import { TransferRate } from './transfer-rate.ts';

it('TransferRate looks at the last seconds only', () => {
  const rate = new TransferRate();
  rate.add(0, 0);
  expect(rate.bytesPerSecond).toBeUndefined();
  for (let second = 1; second <= 10; second++) rate.add(second * 1000, second * 500);
  expect(rate.bytesPerSecond).toBe(500);
  for (let second = 11; second <= 14; second++) rate.add(second * 1000, 5000 + (second - 10) * 2000);
  expect(rate.bytesPerSecond).toBe(2000);
});

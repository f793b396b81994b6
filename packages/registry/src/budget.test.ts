import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Budget } from './budget.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('ends after its limit, unless there is progress', () => {
  const budget = new Budget(1000);
  vi.advanceTimersByTime(600);
  expect([budget.leftMs, budget.allows(300), budget.allows(400)]).toEqual([400, true, false]);
  budget.renew();
  expect(budget.leftMs).toBe(1000);
});

it('counts what failed tries took, and not the time in which bytes moved', () => {
  const budget = new Budget(1000);
  vi.advanceTimersByTime(5000);
  budget.move();
  vi.advanceTimersByTime(300);
  budget.spend();
  vi.advanceTimersByTime(5000);
  budget.move();
  expect([budget.spentMs, budget.leftMs]).toEqual([300, 700]);
});

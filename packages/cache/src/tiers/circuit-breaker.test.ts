import { expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';

it('CircuitBreaker opens after failures in a row', () => {
  const breaker = new CircuitBreaker({ failures: 3 });
  for (const call of ['failed', 'failed', 'succeeded', 'failed', 'failed'] as const) breaker[call]();
  expect(breaker.allows()).toBe(true);
  breaker.failed();
  expect([breaker.isOpen, breaker.allows()]).toEqual([true, false]);
});

it('CircuitBreaker lets one call through after a while, and closes when that succeeds', () => {
  const breaker = new CircuitBreaker({ retryAfterMs: 0 });
  breaker.open();
  expect(breaker.allows()).toBe(true);
  expect(breaker.isOpen).toBe(true);
  breaker.succeeded();
  expect(breaker.isOpen).toBe(false);
});

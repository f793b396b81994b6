import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { replaceRoot } from './replace-root.ts';

it('replaceRoot() is refused outside a container, and where this program is not in the directory that stays', async () => {
  const refused = expect.objectContaining({ code: 'EXECUTOR_UNAVAILABLE' });
  await expect(replaceRoot({ tree: import.meta.dirname, keep: [], directory: '/absent' })).rejects.toThrow(refused);
  expect(existsSync('/absent')).toBe(false);
});

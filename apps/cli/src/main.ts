#!/usr/bin/env node
import { version } from './version.ts';

// What scripts ask first is answered before anything is loaded.
const [first, ...others] = process.argv.slice(2);
if (others.length === 0 && (first === '--version' || first === '-V')) {
  console.log(`shale ${version}`);
} else {
  const { useCompileCache } = await import('./compile-cache.ts');
  useCompileCache();
  const { start } = await import('./start.ts');
  await start();
}

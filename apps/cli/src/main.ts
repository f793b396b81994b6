#!/usr/bin/env node
import { useCompiledCode } from './compiled-code.ts';
import { version } from './version.ts';

/** As `engines` in package.json says. */
const OLDEST_NODE = [22, 19] as const;

// What scripts ask first is answered before anything is loaded.
const [first, ...others] = process.argv.slice(2);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  console.error(`shale needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else if (others.length === 0 && (first === '--version' || first === '-V')) {
  console.log(`shale ${version}`);
} else {
  void main();
}

async function main(): Promise<void> {
  const keepCompiledCode = useCompiledCode(first ?? '');
  const { start } = await import('./start.ts');
  await start(version);
  keepCompiledCode();
  // Idle connections to registries must not keep a finished command waiting.
  process.exit();
}

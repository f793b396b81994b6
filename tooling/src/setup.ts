// Installs the programs of a task: `node tooling/src/setup.ts [demo|test|peers]`.
import { ensurePackages, packagesFor } from './debian-packages.ts';

const task = process.argv[2] ?? 'test';
if (!Object.hasOwn(packagesFor, task))
  throw new Error(`Unknown task ${task}; one of ${Object.keys(packagesFor).join(', ')}.`);
await ensurePackages(packagesFor[task as keyof typeof packagesFor]);

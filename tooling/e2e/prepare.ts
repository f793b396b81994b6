// Makes what several files of end-to-end tests use: they run beside each other.
import { baseImageLayout } from '../base-images/base-registry.ts';
import { buildBundle } from '../src/shale.ts';

await Promise.all([buildBundle(), baseImageLayout('busybox')]);

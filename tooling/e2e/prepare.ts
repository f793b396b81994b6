// Makes the bundle and the base image, which several files of end-to-end tests use at the same time.
import { baseImageLayout } from '../base-images/base-registry.ts';
import { buildBundle } from '../src/shale.ts';

await Promise.all([buildBundle(), baseImageLayout('busybox')]);

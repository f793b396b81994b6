import { defineConfig } from 'rolldown';
import { programBundle } from '@shale/tooling/program-bundle';

const STEP_THREAD = '../../packages/builder/src/executors/sandbox-worker.ts';

export default defineConfig(programBundle({ name: 'envbuilder', threads: { 'sandbox-worker': STEP_THREAD } }));

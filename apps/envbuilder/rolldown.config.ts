import { defineConfig } from 'rolldown';
import { programBundle } from '@shale/tooling/program-bundle';

export default defineConfig(programBundle({ name: 'envbuilder' }));

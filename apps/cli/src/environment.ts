export type { Environment } from '@shale/wiring';

export { containerCommand, type ImageCommand } from './container-command.ts';
export { type ContainerTimes, isPhaseDue, type LifecycleMarker, lifecycleMarker } from './lifecycle-marker.ts';
export {
  type LifecyclePhase,
  type LifecyclePlan,
  type LifecyclePlanOptions,
  type LifecycleProcess,
  type LifecycleStep,
  lifecyclePlan,
  type Occurrence,
} from './lifecycle-plan.ts';
export {
  type EnvironmentProbe,
  type EnvironmentProbeOptions,
  environmentProbes,
  type RemoteEnvironmentParts,
  remoteEnvironment,
} from './user-environment.ts';

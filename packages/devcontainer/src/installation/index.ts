export {
  type FeatureInstallation,
  featureEnvironment,
  homeVariables,
  type InstallationPlan,
  type InstallationPlanOptions,
  installationPlan,
} from './installation-plan.ts';
export { FEATURES_CONTEXT, type PrintedBase, printDockerfile } from './print-dockerfile.ts';

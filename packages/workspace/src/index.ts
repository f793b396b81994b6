export { type CloneOptions, cloneRepository } from './clone/clone-repository.ts';
export { keepUrlCredentials } from './clone/keep-url-credentials.ts';
export {
  describeAddress,
  parseRepositoryAddress,
  type RepositoryAddress,
  repositoryName,
} from './clone/repository-address.ts';
export { changeOwner, changeOwnerOnce, type Owner } from './handover/change-owner.ts';
export { parseEtcEnvironment } from './handover/etc-environment.ts';
export { checkHandover, handOver, type HandOverOptions, type Handover } from './handover/hand-over.ts';

export {
  type Fault,
  type FaultProxy,
  type FaultResponse,
  type FaultRule,
  faultProxy,
  type ProxiedRequest,
} from './fault-proxy.ts';
export { imageStoreContract, type OpenedStore } from './image-store-contract.ts';
export { makeBusyboxTree } from './make-busybox-tree.ts';
export { type LayerFiles, makeImage, type MakeImageOptions, makeIndex, makeTar, putBytes } from './make-image.ts';
export { type CertificateFiles, makeCertificate, type MakeCertificateOptions } from './make-certificate.ts';
export { makeArchive, type MadeEntry, makeLayer } from './make-layer.ts';
export { publishFeature, type PublishFeatureOptions } from './publish-feature.ts';
export { startGitDaemon, type TestGitDaemon } from './start-git-daemon.ts';
export { startGitServer, type StartGitServerOptions, type TestGitServer } from './start-git-server.ts';
export {
  type RegistryRequest,
  startRegistry,
  type StartRegistryOptions,
  type TestRegistry,
  type TokenIssuer,
} from './start-registry.ts';
export { startSshServer, type TestSshServer } from './start-ssh-server.ts';
export {
  startTokenServer,
  type TokenRequestSeen,
  type TokenServer,
  type TokenServerOptions,
} from './start-token-server.ts';
export { gnuLongHeader, inChunks, paxHeader, rawTar, rawTarEntry, type RawTarFields, TAR_END } from './tar-builder.ts';

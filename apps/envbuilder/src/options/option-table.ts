import { depthOrToggle, list, type OptionValues, text, textOr, toggle, wholeNumber } from './option.ts';

/** How deep submodules go when the option is just `true`. */
const SUBMODULE_DEPTH = 10;

/** Every setting of the workspace, in the order of `--help`. Parsing, help and the table in docs/envbuilder.md come from here. */
export const optionTable = {
  setupScript: text('SETUP_SCRIPT', {
    description:
      'A shell script that runs as root before init. It can change what init is: it writes INIT_COMMAND, INIT_ARGS or TARGET_USER as KEY=VALUE lines (with or without the prefix ENVBUILDER_) to the file that $ENVBUILDER_ENV names.',
  }),
  initScript: textOr('INIT_SCRIPT', 'sleep infinity', {
    description: 'The script that init runs: INIT_COMMAND -c INIT_SCRIPT.',
  }),
  initCommand: textOr('INIT_COMMAND', '/bin/sh', {
    description: 'The program that becomes PID 1. An absolute path: PATH is not searched.',
  }),
  initArgs: text('INIT_ARGS', {
    description: 'Arguments of INIT_COMMAND, quoted as for a shell. They replace -c INIT_SCRIPT.',
  }),
  cacheRepo: text('CACHE_REPO', {
    description:
      'A repository of a registry, without tag, where layers are kept, each as an image tagged with its key, and where PUSH_IMAGE pushes.',
  }),
  baseImageCacheDir: text('BASE_IMAGE_CACHE_DIR', {
    description: 'A directory of base images, as `shale warm` or kaniko fill it. It is only read.',
  }),
  layerCacheDir: text('LAYER_CACHE_DIR', {
    description: 'A directory where layers are kept. No registry is needed. It is asked before CACHE_REPO.',
  }),
  devcontainerDir: text('DEVCONTAINER_DIR', {
    description: 'The folder of devcontainer.json, absolute or below the workspace folder.',
  }),
  devcontainerJsonPath: text('DEVCONTAINER_JSON_PATH', {
    description: 'The devcontainer.json, absolute or below DEVCONTAINER_DIR.',
  }),
  dockerfilePath: text('DOCKERFILE_PATH', {
    description: 'The Dockerfile to build, relative to the workspace folder. devcontainer.json is then not read.',
  }),
  buildContextPath: text('BUILD_CONTEXT_PATH', {
    description:
      'The build context, relative to the workspace folder; only with DOCKERFILE_PATH. The default is the workspace folder itself, not the folder of the Dockerfile.',
  }),
  cacheTtlDays: wholeNumber('CACHE_TTL_DAYS', 7, {
    shownDefault: '7',
    description: 'Cached layers and base images older than this are made or fetched again. 0 stands for the default.',
  }),
  dockerConfigBase64: text('DOCKER_CONFIG_BASE64', {
    description:
      'Credentials for registries: a docker config.json, encoded. It wins over $DOCKER_CONFIG and /.envbuilder/config.json, and is kept in memory only.',
  }),
  fallbackImage: text('FALLBACK_IMAGE', {
    description: 'The image to start when nothing can be built. Without it such a failure ends the container.',
  }),
  exitOnBuildFailure: toggle('EXIT_ON_BUILD_FAILURE', false, {
    description: 'Fail when the build fails, instead of starting FALLBACK_IMAGE.',
  }),
  exitOnPushFailure: toggle('EXIT_ON_PUSH_FAILURE', false, {
    description: 'Fail when PUSH_IMAGE fails, instead of going on.',
  }),
  forceSafe: toggle('FORCE_SAFE', false, {
    description: 'Accept a KANIKO_DIR other than /.envbuilder. Outside a container the root is never replaced.',
  }),
  insecure: toggle('INSECURE', false, {
    description: 'Accept certificates that cannot be verified, for git and registries, and registries of plain http.',
  }),
  ignorePaths: list('IGNORE_PATHS', ['/var/run', '/product_uuid', '/product_name'], {
    description: 'Paths that stay as they are when the root is replaced, whatever the image has there.',
  }),
  buildSecrets: list('BUILD_SECRETS', [], {
    description: 'Secrets for RUN --mount=type=secret: NAME=VALUE,NAME2=VALUE2.',
  }),
  skipRebuild: toggle('SKIP_REBUILD', false, {
    description: 'Do not build again when this container was built before: only hand over.',
  }),
  gitUrl: text('GIT_URL', {
    description:
      'The repository to clone: https, http, ssh, git, user@host:path or a path. #REF names a branch, tag, commit, pull/N/head or full ref.',
  }),
  gitCloneDepth: wholeNumber('GIT_CLONE_DEPTH', 0, { description: 'How many commits to clone. 0 is all of them.' }),
  gitCloneSingleBranch: toggle('GIT_CLONE_SINGLE_BRANCH', false, {
    description: "Clone one branch: that of the #REF, else the repository's default branch.",
  }),
  gitCloneThinpack: toggle('GIT_CLONE_THINPACK', true, {
    description:
      'Accepted, and without effect: the real git is used, which every server understands, Azure DevOps included.',
  }),
  gitCloneSubmodules: depthOrToggle('GIT_CLONE_SUBMODULES', SUBMODULE_DEPTH, {
    shownDefault: 'false',
    description: `Clone submodules: true (${SUBMODULE_DEPTH} levels), false, or how many levels.`,
  }),
  gitUsername: text('GIT_USERNAME', { description: 'User name for http and https, and for ssh (default: git).' }),
  gitPassword: text('GIT_PASSWORD', { description: 'Password or token for http and https.' }),
  gitSshPrivateKeyPath: text('GIT_SSH_PRIVATE_KEY_PATH', { description: 'File of the private key for ssh.' }),
  gitSshPrivateKeyBase64: text('GIT_SSH_PRIVATE_KEY_BASE64', {
    description: 'The private key for ssh, encoded. Excludes GIT_SSH_PRIVATE_KEY_PATH.',
  }),
  gitHttpProxyUrl: text('GIT_HTTP_PROXY_URL', {
    description:
      'Proxy for http and https: for git, and for registries where HTTP_PROXY and HTTPS_PROXY say nothing else.',
  }),
  workspaceBaseDir: textOr('WORKSPACE_BASE_DIR', '/workspaces', {
    description: 'The folder in which the workspace folder is made.',
  }),
  workspaceFolder: text('WORKSPACE_FOLDER', {
    shownDefault: "WORKSPACE_BASE_DIR and the repository's name, or empty",
    description: 'The folder to clone into, and where init starts.',
  }),
  sslCertBase64: text('SSL_CERT_BASE64', {
    description: 'A PEM certificate of an authority to trust, encoded: for git and for registries.',
  }),
  exportEnvFile: text('EXPORT_ENV_FILE', {
    description: 'A file to write the environment of the image to, as KEY=VALUE lines.',
  }),
  postStartScriptPath: text('POST_START_SCRIPT_PATH', {
    description: 'Where to write postStartCommand as a script instead of running it.',
  }),
  pushImage: toggle('PUSH_IMAGE', false, {
    description: 'Push the built image, with this program in it, to CACHE_REPO. A container of it needs no build.',
  }),
  getCachedImage: toggle('GET_CACHED_IMAGE', false, {
    description:
      'Build nothing: print ENVBUILDER_CACHED_IMAGE=REPO@DIGEST when the whole image is in CACHE_REPO, else fail with the first step that is missing.',
  }),
  remoteRepoBuildMode: toggle('REMOTE_REPO_BUILD_MODE', false, {
    description:
      'Build from a second, fresh clone, so that changes in the workspace folder do not reach the image and the cache.',
  }),
  verbose: toggle('VERBOSE', false, { description: 'More log lines.' }),
  binaryPath: textOr('BINARY_PATH', '/.envbuilder/bin/envbuilder', {
    hidden: true,
    description: 'The program that PUSH_IMAGE puts into the image, with the folder that it lives in.',
  }),
  coderAgentUrl: text('CODER_AGENT_URL', { bare: true, description: 'Coder deployment to send the log to.' }),
  coderAgentToken: text('CODER_AGENT_TOKEN', { bare: true, description: 'Token for CODER_AGENT_URL.' }),
  coderAgentSubsystem: list('CODER_AGENT_SUBSYSTEM', [], {
    bare: true,
    description: 'Subsystems that the agent reports; envbuilder is added.',
  }),
} as const;

/** What the user asked for. */
export type WorkspaceOptions = OptionValues<typeof optionTable>;

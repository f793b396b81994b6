import { depthOrToggle, list, type OptionValues, text, textOr, toggle, wholeNumber } from './option.ts';

/** How many levels of submodules `true` means. */
const SUBMODULE_DEPTH = 10;

/** All options. The parser, the help and the table in docs/envbuilder.md use this table. */
export const optionTable = {
  setupScript: text('SETUP_SCRIPT', {
    description:
      'A shell script that runs as root before init. It can choose another init: it writes INIT_COMMAND, INIT_ARGS or TARGET_USER as KEY=VALUE lines, with or without the prefix ENVBUILDER_, to the file that $ENVBUILDER_ENV names.',
  }),
  initScript: textOr('INIT_SCRIPT', 'sleep infinity', {
    description: 'The script that init runs: INIT_COMMAND -c INIT_SCRIPT.',
  }),
  initCommand: textOr('INIT_COMMAND', '/bin/sh', {
    description: 'The absolute path of the program that becomes PID 1. PATH is not searched.',
  }),
  initArgs: text('INIT_ARGS', {
    description: 'Arguments of INIT_COMMAND, quoted as in a shell. They replace -c INIT_SCRIPT.',
  }),
  cacheRepo: text('CACHE_REPO', {
    description:
      'The repository in a registry, without a tag, that keeps cached layers and that PUSH_IMAGE pushes to. Each layer is an image whose tag is the cache key.',
  }),
  baseImageCacheDir: text('BASE_IMAGE_CACHE_DIR', {
    description: 'A directory of base images that `shale warm` or the warmer of kaniko filled. It is only read.',
  }),
  layerCacheDir: text('LAYER_CACHE_DIR', {
    description: 'A directory that keeps cached layers. It needs no registry, and is read before CACHE_REPO.',
  }),
  devcontainerDir: text('DEVCONTAINER_DIR', {
    description: 'The folder of devcontainer.json, absolute or relative to the workspace folder.',
  }),
  devcontainerJsonPath: text('DEVCONTAINER_JSON_PATH', {
    description: 'The path of devcontainer.json, absolute or relative to DEVCONTAINER_DIR.',
  }),
  dockerfilePath: text('DOCKERFILE_PATH', {
    description: 'The Dockerfile to build, relative to the workspace folder. It replaces devcontainer.json.',
  }),
  buildContextPath: text('BUILD_CONTEXT_PATH', {
    description:
      'The build context for DOCKERFILE_PATH, relative to the workspace folder. The default is the workspace folder itself, not the folder of the Dockerfile.',
  }),
  cacheTtlDays: wholeNumber('CACHE_TTL_DAYS', 7, {
    shownDefault: '7',
    description:
      'How many days cached layers and base images are used. Older ones are built or pulled again. 0 means the default.',
  }),
  dockerConfigBase64: text('DOCKER_CONFIG_BASE64', {
    description:
      'Credentials for registries: a docker config.json in base64. It replaces $DOCKER_CONFIG and /.envbuilder/config.json, and stays in memory.',
  }),
  fallbackImage: text('FALLBACK_IMAGE', {
    description: 'The image to start when the clone or the build fails. Without it the container ends.',
  }),
  exitOnBuildFailure: toggle('EXIT_ON_BUILD_FAILURE', false, {
    description: 'End the container when the build fails, and do not start FALLBACK_IMAGE.',
  }),
  exitOnPushFailure: toggle('EXIT_ON_PUSH_FAILURE', false, {
    description: 'End the container when PUSH_IMAGE fails. Otherwise the failure is only logged.',
  }),
  forceSafe: toggle('FORCE_SAFE', false, {
    description:
      'Accept a KANIKO_DIR other than /.envbuilder. Outside a container the root file system is never replaced.',
  }),
  insecure: toggle('INSECURE', false, {
    description:
      'Do not verify the certificates of git servers and registries, and allow registries that use plain http.',
  }),
  ignorePaths: list('IGNORE_PATHS', ['/var/run', '/product_uuid', '/product_name'], {
    description: 'Paths that keep their content when the image replaces the root file system.',
  }),
  buildSecrets: list('BUILD_SECRETS', [], {
    description: 'Secrets for RUN --mount=type=secret: NAME=VALUE,NAME2=VALUE2.',
  }),
  skipRebuild: toggle('SKIP_REBUILD', false, {
    description: 'Do not build again in a container that was built before: start init at once.',
  }),
  gitUrl: text('GIT_URL', {
    description:
      'The repository to clone, by https, http, ssh, git, user@host:path or a path. #REF names a branch, a tag, a commit, pull/N/head or a full ref.',
  }),
  gitCloneDepth: wholeNumber('GIT_CLONE_DEPTH', 0, { description: 'How many commits to clone. 0 means all.' }),
  gitCloneSingleBranch: toggle('GIT_CLONE_SINGLE_BRANCH', false, {
    description: 'Clone one branch: the one that #REF names, else the default branch of the repository.',
  }),
  gitCloneThinpack: toggle('GIT_CLONE_THINPACK', true, {
    description:
      'Has no effect. envbuilder needs it for some servers; this program runs git itself, which works with all of them.',
  }),
  gitCloneSubmodules: depthOrToggle('GIT_CLONE_SUBMODULES', SUBMODULE_DEPTH, {
    shownDefault: 'false',
    description: `Clone submodules: true (${SUBMODULE_DEPTH} levels), false, or a number of levels.`,
  }),
  gitUsername: text('GIT_USERNAME', { description: 'The user name for http, https and ssh (ssh: git by default).' }),
  gitPassword: text('GIT_PASSWORD', { description: 'The password or token for http and https.' }),
  gitSshPrivateKeyPath: text('GIT_SSH_PRIVATE_KEY_PATH', { description: 'The file of the private key for ssh.' }),
  gitSshPrivateKeyBase64: text('GIT_SSH_PRIVATE_KEY_BASE64', {
    description: 'The private key for ssh in base64. It excludes GIT_SSH_PRIVATE_KEY_PATH.',
  }),
  gitHttpProxyUrl: text('GIT_HTTP_PROXY_URL', {
    description: 'The proxy for git and registries. HTTP_PROXY and HTTPS_PROXY take precedence for registries.',
  }),
  workspaceBaseDir: textOr('WORKSPACE_BASE_DIR', '/workspaces', {
    description: 'The parent of the workspace folder.',
  }),
  workspaceFolder: text('WORKSPACE_FOLDER', {
    shownDefault: "WORKSPACE_BASE_DIR and the repository's name, or empty",
    description: 'The folder to clone into, and the working directory of init.',
  }),
  sslCertBase64: text('SSL_CERT_BASE64', {
    description: 'A PEM certificate in base64: an authority to trust for git and registries.',
  }),
  exportEnvFile: text('EXPORT_ENV_FILE', {
    description: 'The file that receives the environment of the image, as KEY=VALUE lines.',
  }),
  postStartScriptPath: text('POST_START_SCRIPT_PATH', {
    description: 'The file that receives postStartCommand as a script. The command is then not run.',
  }),
  pushImage: toggle('PUSH_IMAGE', false, {
    description: 'Push the image, with this program in it, to CACHE_REPO. A container of that image needs no build.',
  }),
  getCachedImage: toggle('GET_CACHED_IMAGE', false, {
    description:
      'Build nothing. Print ENVBUILDER_CACHED_IMAGE=REPO@DIGEST if CACHE_REPO has the whole image, else fail and name the first step that is not cached.',
  }),
  remoteRepoBuildMode: toggle('REMOTE_REPO_BUILD_MODE', false, {
    description:
      'Build from a second, fresh clone, so that changes in the workspace folder reach neither the image nor the cache.',
  }),
  verbose: toggle('VERBOSE', false, { description: 'Log more.' }),
  binaryPath: textOr('BINARY_PATH', '/.envbuilder/bin/envbuilder', {
    hidden: true,
    description: 'The program that PUSH_IMAGE puts into the image, with its folder.',
  }),
  coderAgentUrl: text('CODER_AGENT_URL', { bare: true, description: 'The Coder deployment that receives the log.' }),
  coderAgentToken: text('CODER_AGENT_TOKEN', { bare: true, description: 'The token for CODER_AGENT_URL.' }),
  coderAgentSubsystem: list('CODER_AGENT_SUBSYSTEM', [], {
    bare: true,
    description: 'The subsystems that the agent reports. envbuilder is added.',
  }),
} as const;

/** What the user asked for. */
export type WorkspaceOptions = OptionValues<typeof optionTable>;

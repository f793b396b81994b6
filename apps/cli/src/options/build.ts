import { assignments, choice, integer, list, text, toggle } from './kinds.ts';
import { splitOn } from './registries.ts';
import { UsageError } from '../errors/usage-error.ts';

/** Which Dockerfile, and what its instructions may name. */
export const dockerfileOptions = {
  file: text({
    flag: 'file',
    short: 'f',
    placeholder: 'FILE',
    group: 'Build',
    variables: ['ENVBUILDER_DOCKERFILE_PATH'],
    completion: 'file',
    shownDefault: 'CONTEXT/Dockerfile',
    help: 'The Dockerfile; - reads it from stdin',
  }),
  target: text({
    flag: 'target',
    placeholder: 'STAGE',
    group: 'Build',
    shownDefault: 'the last',
    help: 'Stop at this stage',
  }),
  buildArg: assignments({
    flag: 'build-arg',
    placeholder: 'NAME[=VALUE]',
    group: 'Build',
    help: 'Set an ARG; without a value it comes from the environment',
  }),
  buildContext: assignments({
    flag: 'build-context',
    placeholder: 'NAME=PLACE',
    group: 'Build',
    help: 'One more context for FROM and --from: a directory, docker-image://REF, oci-layout://DIR or a git URL',
  }),
  platform: list({
    flag: 'platform',
    placeholder: 'OS/ARCH[,...]',
    group: 'Build',
    shownDefault: "this machine's",
    help: 'What the image is for; several make an index of images',
  }),
};

/** What to build. */
export const sourceOptions = {
  ...dockerfileOptions,
  label: assignments({
    flag: 'label',
    placeholder: 'NAME=VALUE',
    group: 'Build',
    help: 'Set a label of the image',
  }),
  pull: toggle({
    flag: 'pull',
    group: 'Build',
    help: 'Ask the registry for base images, even when a copy is here',
  }),
  secret: list({
    flag: 'secret',
    placeholder: 'id=ID[,src=FILE|,env=NAME]',
    group: 'Build',
    help: 'A secret for RUN --mount=type=secret',
  }),
  buildSecrets: list({
    flag: 'build-secrets',
    placeholder: 'NAME=VALUE',
    group: 'Build',
    variables: [{ name: 'ENVBUILDER_BUILD_SECRETS', values: splitOn(',') }],
    help: 'Secrets by value. Prefer the variable, others can read flags',
  }),
  ssh: list({
    flag: 'ssh',
    placeholder: 'default|ID=SOCKET',
    group: 'Build',
    help: 'An SSH agent for RUN --mount=type=ssh',
  }),
  network: choice({
    flag: 'network',
    choices: ['host', 'none'],
    group: 'Build',
    shownDefault: 'host',
    help: 'The network of RUN',
  }),
  allow: list({
    flag: 'allow',
    placeholder: 'ENTITLEMENT',
    group: 'Build',
    completion: ['network.host', 'security.insecure'],
    help: 'Let RUN leave its sandbox: security.insecure, or network.host with --network none',
  }),
  reproducible: toggle({
    flag: 'reproducible',
    group: 'Build',
    help: 'Set all new times to SOURCE_DATE_EPOCH, or to 1970: equal input gives an equal digest',
  }),
};

/** Where the image goes. */
export const outputOptions = {
  tag: list({
    flag: 'tag',
    short: 't',
    placeholder: 'REF',
    group: 'Output',
    help: 'Name the image; kept in the state folder, so that FROM finds it',
  }),
  push: toggle({
    flag: 'push',
    group: 'Output',
    help: 'Push the image to each --tag',
  }),
  output: list({
    flag: 'output',
    short: 'o',
    placeholder: 'type=TYPE[,dest=PATH]',
    group: 'Output',
    help: 'oci and docker (archives), local and tar (files), registry; dest=- is stdout',
  }),
  pushImage: toggle({
    flag: 'push-image',
    group: 'Output',
    variables: ['ENVBUILDER_PUSH_IMAGE'],
    help: 'Push the image, reproducible, to --cache-repo',
  }),
  getCachedImage: toggle({
    flag: 'get-cached-image',
    group: 'Output',
    variables: ['ENVBUILDER_GET_CACHED_IMAGE'],
    help: 'Build nothing: do what `shale probe` does',
  }),
  exitOnPushFailure: toggle({
    flag: 'exit-on-push-failure',
    group: 'Output',
    variables: ['ENVBUILDER_EXIT_ON_PUSH_FAILURE'],
    help: 'Fail when --push-image fails, instead of warning',
  }),
  compression: choice({
    flag: 'compression',
    choices: ['gzip', 'zstd', 'none'],
    group: 'Output',
    shownDefault: 'gzip',
    help: 'How new layers are compressed',
  }),
  compressionLevel: integer({
    flag: 'compression-level',
    placeholder: 'N',
    min: 0,
    max: 22,
    group: 'Output',
    help: 'gzip 0 to 9, zstd 1 to 19',
  }),
  metadataFile: text({
    flag: 'metadata-file',
    placeholder: 'FILE',
    group: 'Output',
    completion: 'file',
    help: 'Write digests, and how each step came to its layer, as JSON',
  }),
  report: text({
    flag: 'report',
    placeholder: 'FILE',
    group: 'Output',
    completion: 'file',
    help: 'Write what the build did, as JSON: hits with their origin, misses with their reason, bytes and time',
  }),
  iidfile: text({
    flag: 'iidfile',
    placeholder: 'FILE',
    group: 'Output',
    completion: 'file',
    help: "Write the image's digest",
  }),
};

/** Nothing is built. */
export const checkOption = {
  check: toggle({
    flag: 'check',
    group: 'Build',
    help: 'Build nothing: do what `shale check` does',
  }),
  call: {
    ...text({
      flag: 'call',
      placeholder: 'METHOD',
      group: 'Build',
      completion: ['build', 'check', 'check,format=json'],
      shownDefault: 'build',
      help: 'As docker has it: build, check, or check,format=json',
    }),
    parse: parseCall,
  },
};

/** @throws {UsageError} for what other frontends' methods are called. */
function parseCall(texts: readonly string[]): 'check' | 'check-json' | undefined {
  const method = texts.at(-1) ?? '';
  if (method === 'build') return undefined;
  if (/^(?:check|lint)(?:,format=text)?$/.test(method)) return 'check';
  if (/^(?:check|lint),format=json$/.test(method)) return 'check-json';
  throw new UsageError(`--call takes build, check or check,format=json, not ${JSON.stringify(method)}`);
}

/** How steps are run. */
export const executionOptions = {
  isolation: text({
    flag: 'isolation',
    placeholder: 'WAY',
    group: 'Execution',
    completion: ['auto', 'namespaces', 'in-place', 'chroot', 'overlay', 'copy'],
    shownDefault: 'auto: the best that works here',
    help: 'How RUN is confined and trees are kept: namespaces, in-place, chroot, overlay, copy; two joined with +',
  }),
  concurrency: integer({
    flag: 'concurrency',
    placeholder: 'N',
    min: 1,
    max: 64,
    group: 'Execution',
    shownDefault: '4',
    help: 'Steps that run at once',
  }),
};

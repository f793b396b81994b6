import type { ConfigurationCase } from './configuration-case.ts';

type Json = Readonly<Record<string, unknown>>;

/** Published at `@HOST/features/ID`. */
export const publishedFeatures: readonly Json[] = [
  { id: 'plain', version: '1.0.0', name: 'Plain' },
  {
    id: 'options',
    version: '2.3.4',
    name: 'Options "and" \'quotes\'',
    description: 'All kinds',
    documentationURL: 'https://example.test/options',
    options: {
      version: { type: 'string', proposals: ['latest', 'lts'], default: 'latest' },
      flag: { type: 'boolean', default: true },
      'odd-name': { type: 'string', default: 'a "b" $c' },
      bare: { type: 'string' },
    },
  },
  {
    id: 'full',
    version: '1.1.0',
    name: 'Full',
    containerEnv: { PATH: '/full/bin:${PATH}', FULL: 'a "b" \\ c' },
    privileged: true,
    init: true,
    capAdd: ['SYS_PTRACE'],
    securityOpt: ['seccomp=unconfined'],
    entrypoint: '/usr/local/share/full.sh',
    mounts: [{ source: 'full-${devcontainerId}', target: '/var/lib/full', type: 'volume' }],
    customizations: { vscode: { extensions: ['full.full'] } },
    onCreateCommand: 'full create',
    updateContentCommand: ['full', 'update'],
    postCreateCommand: { full: 'post' },
    postStartCommand: 'full start ${containerWorkspaceFolder}',
    postAttachCommand: 'full attach',
  },
  {
    id: 'older',
    version: '0.1.0',
    extensions: ['older.ext'],
    settings: { a: 1 },
    customizations: { vscode: { extensions: ['new.ext'] } },
  },
  { id: 'renamed', version: '1.0.0', legacyIds: ['formerly'], deprecated: true, keywords: ['x'] },
  { id: 'zlast', version: '1.0.0', name: 'Last' },
  { id: 'minimal', version: '1.0.0' },
];

const local = (id: string, metadata: Json) => ({
  [`.devcontainer/${id}/devcontainer-feature.json`]: JSON.stringify({ id, version: '1.0.0', name: id, ...metadata }),
  [`.devcontainer/${id}/install.sh`]: 'true\n',
});

const featureCase = (
  name: string,
  features: Json,
  { files, ...properties }: { files?: Readonly<Record<string, string>>; [property: string]: unknown } = {},
): ConfigurationCase => ({
  name: `features: ${name}`,
  configuration: { image: '@IMAGE', features, ...properties },
  files,
});

export const featureTable: readonly ConfigurationCase[] = [
  featureCase('none', {}),
  featureCase('one, published', { '@HOST/features/plain:1': {} }),
  featureCase('without a version', { '@HOST/features/plain': {} }),
  featureCase('upper case', { '@HOST/Features/PLAIN:1': {} }),
  featureCase('with a full version', { '@HOST/features/options:2.3.4': { flag: false } }),
  featureCase('plain text is the version', { '@HOST/features/options:2': 'lts' }),
  featureCase('true', { '@HOST/features/options:2': true }),
  featureCase('false', { '@HOST/features/options:2': false }),
  featureCase('unknown options stay', { '@HOST/features/options:2': { future: 'x', 'odd-name': `"'$\\` } }),
  featureCase('everything that merges', { '@HOST/features/full:1': {} }),
  featureCase(
    'merges below the configuration',
    { '@HOST/features/full:1': {} },
    {
      init: false,
      onCreateCommand: 'mine',
      capAdd: ['OTHER'],
      mounts: ['source=x,target=/var/lib/full'],
      customizations: { vscode: { extensions: ['mine'] } },
    },
  ),
  featureCase(
    'containerEnv quoting torture',
    { '@HOST/features/full:1': {} },
    { containerEnv: { T: `a b"c'd\\e$f\`g\`\${h}\tab #x !y *z {j} ü 漢 \\`, PATH: '/mine:${containerEnv:PATH}' } },
  ),
  featureCase('older customizations', { '@HOST/features/older:0': {} }),
  featureCase('renamed and deprecated', { '@HOST/features/renamed:1': {} }),
  featureCase('without a name', { '@HOST/features/minimal:1': {} }),
  featureCase('several, in order', {
    '@HOST/features/plain:1': {},
    '@HOST/features/full:1': {},
    '@HOST/features/options:2': {},
  }),
  featureCase(
    'override',
    { '@HOST/features/plain:1': {}, '@HOST/features/full:1': {} },
    { overrideFeatureInstallOrder: ['@HOST/features/plain', '@HOST/features/full'] },
  ),
  featureCase(
    'installsAfter',
    { './early': {}, '@HOST/features/zlast:1': {} },
    { files: local('early', { installsAfter: ['@HOST/features/zlast'] }) },
  ),
  featureCase('local', { './one': {} }, { files: local('one', {}) }),
  featureCase(
    'local with options',
    { './one': { a: 'b', c: true } },
    { files: local('one', { options: { a: { type: 'string', default: '' } } }) },
  ),
  featureCase(
    'local ones that depend on each other',
    { './b': {}, './a': {} },
    {
      files: {
        ...local('a', { dependsOn: { './c': { x: '1' } } }),
        ...local('b', { installsAfter: ['./a'] }),
        ...local('c', {}),
      },
    },
  ),
  featureCase(
    'local ones twice with other options',
    { './b': {}, './a': { x: '2' } },
    { files: { ...local('a', {}), ...local('b', { dependsOn: { './a': { x: '1' } } }) } },
  ),
  featureCase(
    'local without name and version',
    { './bare': {} },
    {
      files: {
        '.devcontainer/bare/devcontainer-feature.json': '{ "id": "bare" }',
        '.devcontainer/bare/install.sh': '',
      },
    },
  ),
  featureCase(
    'local whose id is not its folder',
    { './folder': {} },
    {
      files: {
        '.devcontainer/folder/devcontainer-feature.json': '{ "id": "other", "version": "1.0.0" }',
        '.devcontainer/folder/install.sh': '',
      },
    },
  ),
  featureCase(
    'local and published',
    { './one': {}, '@HOST/features/full:1': {}, '@HOST/features/plain:1': {} },
    { files: local('one', { entrypoint: '/one.sh' }) },
  ),
  featureCase(
    'local with comments',
    { './one': {} },
    {
      files: {
        ...local('one', {}),
        '.devcontainer/one/devcontainer-feature.json': '// a\n{ "id": "one", "version": "1.0.0", /* b */ }',
      },
    },
  ),
  featureCase(
    'local hooks and variables',
    { './one': {} },
    {
      files: local('one', { postCreateCommand: 'echo ${localWorkspaceFolder} ${localEnv:SET:none} ${containerEnv:X}' }),
    },
  ),
];

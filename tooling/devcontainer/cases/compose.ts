/** Compose files whose service `app` is kept as docker-compose reads it. */
export interface ComposeCase {
  readonly name: string;
  /** By path in the workspace. */
  readonly files: Readonly<Record<string, string>>;
  /** @default ['compose.yml'] */
  readonly composeFiles?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const one = (name: string, service: string, more: Partial<ComposeCase> = {}): ComposeCase => ({
  name,
  files: { 'compose.yml': `version: "3.8"\nservices:\n  app:\n${service.replace(/^/gm, '    ')}\n`, ...more.files },
  env: more.env,
});

const two = (name: string, base: string, over: string): ComposeCase => ({
  name,
  files: {
    'compose.yml': `version: "3.8"\nservices:\n  app:\n${base.replace(/^/gm, '    ')}\n`,
    'x/Dockerfile': 'FROM a\n',
    'over/over.yml': `version: "3.8"\nservices:\n  app:\n${over.replace(/^/gm, '    ')}\n`,
  },
  composeFiles: ['compose.yml', 'over/over.yml'],
});

export const composeCases: readonly ComposeCase[] = [
  one('image', 'image: debian:12'),
  one('user and folder', 'image: a\nuser: "1000:1000"\nworking_dir: /work space'),
  one('environment as a mapping', 'image: a\nenvironment:\n  A: b\n  N: 1\n  EMPTY: ""\n  Q: "x \\"y\\" \'z\' $$d"'),
  one('environment as a list', 'image: a\nenvironment:\n  - A=b\n  - EMPTY=\n  - EQ=a=b=c\n  - Q=x "y"'),
  one('environment from outside', 'image: a\nenvironment:\n  SET:\n  OTHER: x', { env: { SET: 'yes' } }),
  one('environment list from outside', 'image: a\nenvironment:\n  - SET\n  - B=$SET', { env: { SET: 'yes' } }),
  one('variables', 'image: "$IMG:${TAG}"\nuser: "${WHO:-nobody}"\nworking_dir: "${DIR-/d}"', {
    env: { IMG: 'debian', TAG: '12' },
  }),
  one('empty variables', 'image: "a${E}"\nuser: "${E:-default}"\nworking_dir: "x${E-default}"', { env: { E: '' } }),
  one('escaped variables', 'image: a\nenvironment:\n  A: "$$X $${Y}"', { env: { X: 'no' } }),
  one('dotenv', 'image: "$A-$B"', { files: { '.env': 'A=one\nB=two\n# C=3\n' } }),
  one('dotenv below the environment', 'image: "$A"', { files: { '.env': 'A=file\n' }, env: { A: 'machine' } }),
  one('build as a folder', 'build: ./sub', { files: { 'sub/Dockerfile': 'FROM a\n' } }),
  one('build as a mapping', 'build:\n  context: .\n  dockerfile: sub/D\n  target: t\n  args:\n    A: b\n    N: 1'),
  one('arguments as a list', 'build:\n  context: .\n  args:\n    - A=b\n    - SET', { env: { SET: 'yes' } }),
  one('caches', 'build:\n  context: .\n  cache_from: [a, b]'),
  one('image and build', 'image: named\nbuild: .'),
  one('YAML anchors', 'image: &i debian\nuser: *i'),
  two('a later image', 'image: a\nuser: x', 'image: b'),
  two('merged environments', 'image: a\nenvironment: {A: "1", B: "1"}', 'environment:\n  - B=2\n  - C=3'),
  two(
    'merged builds',
    'build:\n  context: .\n  args: {A: "1"}\n  target: t',
    'build:\n  args: {B: "2"}\n  dockerfile: D2',
  ),
  two('a later folder is beside the first file', 'image: a', 'build: ./x'),
  {
    name: 'extends here',
    files: {
      'compose.yml':
        'version: "2.4"\nservices:\n  base: { image: a, user: u, environment: { A: "1", B: "1" } }\n  app: { extends: { service: base }, environment: { B: "2" } }\n',
    },
  },
  {
    name: 'extends elsewhere',
    files: {
      'compose.yml':
        'version: "2.4"\nservices:\n  app: { extends: { service: base, file: sub/base.yml }, user: mine }\n',
      'sub/c/Dockerfile': 'FROM a\n',
      'sub/base.yml':
        'version: "2.4"\nservices:\n  base: { build: { context: ./c, args: { A: "1" } }, user: theirs }\n',
    },
  },
  {
    name: 'extends of extends',
    files: {
      'compose.yml':
        'version: "2.4"\nservices:\n  one: { image: a, environment: [A=1] }\n  two: { extends: { service: one }, environment: [B=2] }\n  app: { extends: { service: two }, environment: [A=3] }\n',
    },
  },
];

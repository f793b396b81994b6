/** Where shale does something else than the official CLI, on purpose. */
export interface Difference {
  readonly topic: string;
  readonly official: string;
  readonly shale: string;
  /** Path of the test that holds it. */
  readonly proof: string;
}

const PACKAGE = 'packages/devcontainer/src';

export const differences: readonly Difference[] = [
  {
    topic: 'search order',
    official: '`.devcontainer/devcontainer.json`, `.devcontainer.json`',
    shale: 'also `.devcontainer/NAME/devcontainer.json`; several that only their names tell apart are listed',
    proof: `${PACKAGE}/configuration/find-configuration.test.ts`,
  },
  {
    topic: 'broken JSON',
    official: 'goes on with what it could read, or fails without a message',
    shale: 'an error with file, line and column; comments and trailing commas are fine',
    proof: `${PACKAGE}/configuration/json-document.test.ts`,
  },
  {
    topic: 'wrong values',
    official: 'ignores them or fails somewhere later',
    shale: 'one error that lists all of them; where only editors read a property, a warning',
    proof: 'tooling/devcontainer/invalid-configurations.test.ts',
  },
  {
    topic: 'unknown properties',
    official: 'kept in silence',
    shale: 'kept, with a warning that suggests the nearest name',
    proof: `${PACKAGE}/configuration/load-configuration.test.ts`,
  },
  {
    topic: 'size',
    official: 'unlimited',
    shale: 'at most 1 MiB and 100 levels of JSON, 500 features, 256 MiB and 20,000 files a feature',
    proof: `${PACKAGE}/features/resolve-features.test.ts`,
  },
  {
    topic: 'paths',
    official: 'Dockerfile and context may be anywhere',
    shale: 'what leads out of the workspace folder is refused, links included',
    proof: `${PACKAGE}/configuration/container-source.test.ts`,
  },
  {
    topic: 'requirements of nobody',
    official: '`hostRequirements` of `-Infinity` where there is no metadata',
    shale: 'none',
    proof: 'tooling/devcontainer/configurations.test.ts',
  },
  {
    topic: 'labels that cannot be used',
    official: 'ignored as a whole, or a crash later',
    shale: 'each wrong property is left out with a warning',
    proof: `${PACKAGE}/metadata/metadata-label.test.ts`,
  },
  {
    topic: '`installsAfter`, `overrideFeatureInstallOrder`',
    official: 'what they name must be reachable',
    shale: 'need not: copies of features work without the registry they came from',
    proof: `${PACKAGE}/features/resolve-features.test.ts`,
  },
  {
    topic: 'order of names',
    official: 'by the locale of the machine',
    shale: 'by `en-US` everywhere',
    proof: 'tooling/devcontainer/install-order.test.ts',
  },
  {
    topic: 'options of features',
    official: 'the shell replaces `$x` in them and breaks at `"`',
    shale: 'install.sh gets them as they are written',
    proof: `${PACKAGE}/installation/installation-plan.test.ts`,
  },
  {
    topic: 'homes of the users',
    official: 'looked up once, before the first feature',
    shale: 'before each feature, so that they are right where a feature makes the user',
    proof: `${PACKAGE}/installation/installation-plan.test.ts`,
  },
  {
    topic: '`containerEnv`',
    official: 'part of the image only where there are features',
    shale: 'part of every image',
    proof: `${PACKAGE}/installation/installation-plan.test.ts`,
  },
  {
    topic: 'older features',
    official: 'GitHub releases (`owner/repo/id@version`) and `devcontainer-features.json`',
    shale: 'refused, with a hint',
    proof: `${PACKAGE}/features/feature-reference.test.ts`,
  },
  {
    topic: 'archives of features',
    official: 'leaves out files of tarballs whose names start with a dot',
    shale: 'unpacks all files; an archive that climbs out leaves nothing',
    proof: `${PACKAGE}/features/resolve-features.test.ts`,
  },
  {
    topic: 'compose',
    official: 'starts all services with `docker compose`',
    shale: 'reads the one service, and names the others and the keys that it ignores',
    proof: `${PACKAGE}/compose/compose-service.test.ts`,
  },
];

/** docs/devcontainer-differences.md. */
export function differencesPage(rows: readonly Difference[]): string {
  const lines = rows.map(({ topic, official, shale, proof }) => {
    return `| ${topic} | ${official} | ${shale} | [${proof.split('/').at(-1)}](../${proof}) |`;
  });
  return `<!-- Generated from tooling/devcontainer/differences.ts: \`pnpm vitest run tooling/devcontainer/differences -u\`. -->

# Dev containers: differences from the official CLI

shale reads dev containers as \`@devcontainers/cli\` does: install order, lockfiles, merged configuration and label are
compared with it. Each line is a difference that is meant.

| | official CLI | shale | test |
|---|---|---|---|
${lines.join('\n')}
`;
}

import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCommand } from '../src/command.ts';

/** A Dockerfile that every builder builds, unchanged. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly dockerfile: string;
  /** Fills the context directory. */
  writeContext(directory: string): Promise<void>;
  /** Changes one source file. @default the scenario has no variant with a changed source */
  changeSource?(directory: string): Promise<void>;
}

const FILES_IN_A_DIRECTORY = 100;

const tinySteps = (name: string, count: number): Scenario => ({
  name,
  title: `${count} tiny RUN steps on busybox`,
  dockerfile: [
    'FROM busybox',
    ...Array.from({ length: count }, (_, step) => `RUN echo ${step} > /step-${step}`),
    '',
  ].join('\n'),
  writeContext: () => Promise.resolve(),
});

const application: Scenario = {
  name: 'application',
  title: 'An application of 4 stages on Debian; one RUN makes 3,000 files',
  dockerfile: `FROM debian:bookworm AS dependencies
WORKDIR /app
COPY package.list ./
RUN mkdir modules && for n in $(cat package.list); do mkdir modules/$n; for f in $(seq 100); do echo "$n $f" > modules/$n/$f.js; done; done
FROM debian:bookworm AS assets
COPY assets /assets
RUN mkdir /out && for f in /assets/*; do gzip -c "$f" > /out/$(basename "$f").gz; done
FROM dependencies AS build
COPY src ./src
RUN mkdir dist && cat src/*.ts > dist/bundle.js && find modules -name '*.js' | wc -l > dist/modules.txt
FROM debian:bookworm
RUN useradd --create-home app
WORKDIR /srv
COPY --from=dependencies /app/modules ./modules
COPY --from=assets /out ./public
COPY --from=build --chown=app /app/dist ./dist
USER app
CMD ["cat", "dist/modules.txt"]
`,
  async writeContext(directory) {
    const names = Array.from({ length: 30 }, (_, index) => `module-${index}`);
    await writeFile(join(directory, 'package.list'), `${names.join('\n')}\n`);
    await mkdir(join(directory, 'assets'));
    await mkdir(join(directory, 'src'));
    for (let index = 0; index < 20; index++) {
      await writeFile(join(directory, `assets/page-${index}.html`), contentOf(index));
      await writeFile(join(directory, `src/part-${index}.ts`), contentOf(index));
    }
  },
  changeSource: (directory) => appendFile(join(directory, 'src/part-7.ts'), '// changed\n'),
};

const largeTree: Scenario = {
  name: 'large-tree',
  title: 'COPY of 30,000 files, RUN cp, 200 MB of random data, COPY --from, on Debian',
  dockerfile: `FROM debian:bookworm AS build
COPY . /src
RUN cp -r /src /copy
RUN dd if=/dev/urandom of=/random bs=1M count=200 status=none
FROM debian:bookworm
COPY --from=build /copy /copy
COPY --from=build /random /random
RUN ls /copy | wc -l > /count
`,
  writeContext: (directory) => writeFiles(directory, 30_000),
};

const manyFiles: Scenario = {
  name: 'many-files',
  title: 'COPY of 300,000 files on busybox',
  dockerfile: 'FROM busybox\nCOPY . /src\n',
  writeContext: (directory) => writeFiles(directory, 300_000),
};

async function writeFiles(directory: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += FILES_IN_A_DIRECTORY) {
    const folder = join(directory, `d${index / FILES_IN_A_DIRECTORY}`);
    await mkdir(folder);
    const numbers = Array.from({ length: FILES_IN_A_DIRECTORY }, (_, offset) => index + offset);
    await Promise.all(numbers.map((number) => writeFile(join(folder, `f${number}.txt`), contentOf(number))));
  }
}

/** From a few bytes to 8 KiB, as in a source tree; the same on every run. */
function contentOf(number: number): string {
  return `file ${number}\n`.repeat(1 + ((number * 7919) % 600));
}

/** Lays a scenario's context out in a new directory. */
export async function writeContext({ dockerfile, writeContext: fill }: Scenario, directory: string): Promise<void> {
  await requireCommand(['rm', '-rf', directory]);
  await mkdir(directory, { recursive: true });
  await fill(directory);
  await writeFile(join(directory, 'Dockerfile'), dockerfile);
}

export const scenarios: readonly Scenario[] = [
  tinySteps('10-steps', 10),
  tinySteps('120-steps', 120),
  application,
  largeTree,
  manyFiles,
];

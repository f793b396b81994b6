import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseImageName } from '../base-images/base-registry.ts';

/** A Dockerfile that every builder builds, unchanged. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly base: BaseImageName;
  readonly dockerfile: string;
  readonly hasManyFiles: boolean;
  /** Fills the context directory. */
  writeContext(directory: string): Promise<void>;
}

const FILES = 30_000;
const FILES_IN_A_DIRECTORY = 100;

const tinySteps: Scenario = {
  name: 'a',
  title: '10 tiny RUN steps on busybox',
  base: 'busybox',
  hasManyFiles: false,
  dockerfile: [
    'FROM busybox',
    ...Array.from({ length: 10 }, (_, index) => `RUN echo ${index} > /step-${index}`),
    '',
  ].join('\n'),
  writeContext: () => Promise.resolve(),
};

const largeTree: Scenario = {
  name: 'b',
  title: 'COPY of 30,000 files, RUN cp, 200 MB of random data, COPY --from, on Debian',
  base: 'debian',
  hasManyFiles: true,
  dockerfile: `FROM debian:bookworm AS build
COPY . /src
RUN cp -r /src /copy
RUN dd if=/dev/urandom of=/random bs=1M count=200 status=none
FROM debian:bookworm
COPY --from=build /copy /copy
COPY --from=build /random /random
RUN ls /copy | wc -l > /count
`,
  async writeContext(directory) {
    for (let index = 0; index < FILES; index += FILES_IN_A_DIRECTORY) {
      const folder = join(directory, `d${index / FILES_IN_A_DIRECTORY}`);
      await mkdir(folder);
      const names = Array.from({ length: FILES_IN_A_DIRECTORY }, (_, offset) => index + offset);
      await Promise.all(names.map((number) => writeFile(join(folder, `f${number}.txt`), contentOf(number))));
    }
  },
};

/** From a few bytes to 8 KiB, as in a source tree; the same on every run. */
function contentOf(number: number): string {
  return `file ${number}\n`.repeat(1 + ((number * 7919) % 600));
}

export const scenarios: readonly Scenario[] = [tinySteps, largeTree];

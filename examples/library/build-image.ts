// Builds a folder into an archive for `docker load`: node build-image.ts FOLDER IMAGE.tar
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { build, findDockerfile, openDirectoryContext } from '@shale/builder';
import { enterPrivateMounts } from '@shale/builder/isolation';
import { parseReference } from '@shale/core';
import { loadSystemCalls } from '@shale/core/linux';
import { writeDockerArchive } from '@shale/registry';
import { openBuilder } from '@shale/wiring';

const [folder = '.', archive = 'image.tar'] = process.argv.slice(2);
const calls = loadSystemCalls();
if (calls) await enterPrivateMounts(calls); // mounts of steps stay invisible outside of this process

const stateDir = join(tmpdir(), 'shale-example'); // layers and their cache stay here: the second build runs nothing
const { name, text, ignore } = findDockerfile(folder, { readIgnore: true, scoped: false });
await using context = openDirectoryContext(resolve(folder), { ignore, stateDir });
await using builder = openBuilder({ stateDir, env: process.env });

const { image, steps } = await build({ ...builder.options, dockerfile: { name, text }, context });
for (const { step, outcome } of steps) console.log(`${outcome}: ${step.name}`);

const output = createWriteStream(archive);
await writeDockerArchive([{ source: image, names: [parseReference('example:latest')] }], output);
await finished(output.end());
console.log(`${archive} has ${image.manifest.digest}`);

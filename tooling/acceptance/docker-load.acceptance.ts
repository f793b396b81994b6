import { join } from 'node:path';
import { expect, it } from 'vitest';
import { helloExample } from '../e2e/example.ts';
import { openWorkbench } from '../e2e/workbench.ts';
import { ensurePackages, packagesFor } from '../src/debian-packages.ts';
import { startDockerDaemon } from '../src/docker-daemon.ts';

it.each(['oci', 'docker'])('dockerd loads an archive of type %s, and runs the image', async (type) => {
  await ensurePackages(packagesFor.peers);
  await using bench = await openWorkbench();
  await using daemon = await startDockerDaemon();
  const archive = join(bench.scratch, `${type}.tar`);
  const flags = ['--output', `type=${type},dest=${archive}`, '--tag', 'hello:dockerd'];
  await bench.requireBuild({ context: helloExample, flags });
  const load =
    type === 'docker'
      ? daemon.requireDocker(['load', '--input', archive])
      : daemon.loadArchive(archive, 'hello:dockerd'); // dockerd 20.10 knows its own format only
  await load;
  const printed = await daemon.requireDocker([
    'run',
    '--rm',
    '--network',
    'host',
    'hello:dockerd',
    'cat',
    '/www/index.html',
  ]);
  expect(printed).toContain('<h1>Strata</h1>');
});

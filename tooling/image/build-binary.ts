import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensurePackages } from '../src/debian-packages.ts';
import { requireCommand } from '../src/command.ts';
import { workspaceRoot } from '../src/workspace.ts';

/** Puts Node and the CLI into one file. @returns its path */
export async function buildBinary(output: string = join(workspaceRoot, '.cache/binary/shale')): Promise<string> {
  await ensurePackages({ strip: 'binutils' });
  const app = join(workspaceRoot, 'apps/cli');
  const directory = dirname(output);
  const [node, config] = [join(directory, 'node'), join(directory, 'sea.json')];
  await mkdir(directory, { recursive: true });
  await requireCommand(['rolldown', '-c', 'rolldown.binary.config.ts'], {
    cwd: app,
    env: { PATH: `${join(app, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
  await copyFile(join(workspaceRoot, 'node_modules/.bin/node'), node);
  await requireCommand(['strip', '--strip-unneeded', node]); // before the program is added: strip would remove it
  const bundle = (name: string) => join(app, 'dist-binary', name);
  const settings = {
    main: bundle('shale.cjs'),
    executable: node,
    output,
    disableExperimentalSEAWarning: true,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    assets: { 'sandbox-worker.cjs': bundle('sandbox-worker.cjs') },
  };
  await writeFile(config, JSON.stringify(settings));
  await requireCommand([process.execPath, '--build-sea', config]);
  return output;
}

if (import.meta.main) {
  const path = await buildBinary();
  console.log(`${path}\n${((await stat(path)).size / 1e6).toFixed(1)} MB`);
}

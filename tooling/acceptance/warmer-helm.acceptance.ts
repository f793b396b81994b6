import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScratchDirectory } from '@shale/core/files';
import { beforeAll, expect, it } from 'vitest';
import { chartDirectory, chartStamp, RELEASES, renderedPath } from '../helm/releases.ts';
import { requireCommand, runCommand } from '../src/command.ts';

const HELM_MODULE = 'helm.sh/helm/v3/cmd/helm@v3.22.0';

/** One that helm built without its release scripts does not know by itself. */
const KUBERNETES = ['--kube-version=1.34'];

/** `$HELM`, or built by Go, which takes a while. */
async function findHelm(): Promise<string> {
  const given = process.env['HELM'];
  if (given !== undefined) return given;
  const stdout = await requireCommand(['go', 'env', 'GOPATH']);
  const built = join(stdout.trim(), 'bin/helm');
  if (!existsSync(built)) await requireCommand(['go', 'install', HELM_MODULE], { timeoutMs: 1_800_000 });
  return built;
}

let helm: string;
beforeAll(async () => {
  helm = await findHelm();
}, 1_800_000);

it.each(Object.entries(RELEASES))('helm lints and renders: %s', async (release, flags) => {
  await requireCommand([helm, 'lint', '--strict', ...KUBERNETES, chartDirectory, ...flags]);
  const stdout = await requireCommand([helm, 'template', 'bases', ...KUBERNETES, chartDirectory, ...flags]);
  expect(stdout).toContain('kind: ');
  writeFileSync(renderedPath(release), `${chartStamp()}\n${stdout}`);
});

it('helm refuses values that make no sense', async () => {
  await using scratch = await openScratchDirectory();
  const values = join(scratch.path, 'values.yaml');
  for (const text of ['mode: sometimes', 'replicas: many', 'image: { repository: "" }', 'config: { schedules: [] }']) {
    writeFileSync(values, text);
    const { status, stderr } = await runCommand([
      helm,
      'template',
      'bases',
      ...KUBERNETES,
      chartDirectory,
      '--values',
      values,
    ]);
    expect({ text, status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("don't meet the specifications"),
    });
  }
});

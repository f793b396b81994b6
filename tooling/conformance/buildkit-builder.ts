import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { startBaseRegistry } from '../base-images/base-registry.ts';
import { startBuildkit } from '../peers/buildkit.ts';
import { buildFlags, buildInput, type ConformanceCase } from './case.ts';
import type { CaseBuilder } from './case-builder.ts';
import { readArchiveImage } from './archive-image.ts';
import { readTarTree } from './image-tree.ts';

/** Today's BuildKit, asked by buildx: the reference that goldens come from. */
export async function buildkitBuilder(): Promise<CaseBuilder> {
  const base = await startBaseRegistry(['busybox']);
  const buildkit = await startBuildkit({ mirror: base.host });
  return {
    name: 'buildkit',
    async build(conformanceCase, context, scratch) {
      const ready = withoutSyntax(conformanceCase, scratch);
      const rootfs = join(scratch, 'rootfs.tar');
      const archive = join(scratch, 'image.tar');
      const outputs = ['--output', `type=tar,dest=${rootfs}`, '--output', `type=oci,dest=${archive}`];
      const flags = ['--progress', 'plain', '--provenance=false', ...buildFlags(ready), ...outputs];
      const built = await buildkit.buildx(['build', ...flags, apart(context, scratch)], buildInput(ready));
      if (built.status !== 0) return { type: 'error', message: built.stderr };
      return { type: 'image', tree: await readTarTree(rootfs), ...(await readArchiveImage(archive)) };
    },
    async [Symbol.asyncDispose]() {
      await buildkit[Symbol.asyncDispose]();
      await base[Symbol.asyncDispose]();
    },
  };
}

/** The frontend that `# syntax=` names is on no registry here; BuildKit's own is of the same version. */
function withoutSyntax(conformanceCase: ConformanceCase, scratch: string): ConformanceCase {
  const text = readFileSync(conformanceCase.dockerfile, 'utf8');
  if (!/^\s*#\s*syntax\s*=/im.test(text)) return conformanceCase;
  const dockerfile = join(scratch, 'Dockerfile');
  writeFileSync(dockerfile, text.replace(/^\s*#\s*syntax\s*=.*\n/im, ''));
  return { ...conformanceCase, dockerfile };
}

/** A name of its own: BuildKit takes files of equal name, size and time in folders of equal name for unchanged. */
function apart(context: string, scratch: string): string {
  const link = join(scratch, `context-${basename(scratch)}`);
  symlinkSync(context, link);
  return link;
}

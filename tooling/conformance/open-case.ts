import { join } from 'node:path';
import { baseImageLayout } from '../base-images/base-registry.ts';
import type { ConformanceCase } from './case.ts';
import { layOutFolder } from './case-context.ts';
import { SERVER_IN_GOLDENS, startCaseServer } from './case-server.ts';

/** A case with its folders laid out, its server up, and no placeholder left in its flags and arguments. */
export interface OpenCase extends AsyncDisposable {
  readonly ready: ConformanceCase;
  readonly context: string;
  /** Replaces the server's address, which changes with every run. */
  stable<T>(value: T): T;
}

/** Lays the folders out in `scratch`, which the caller removes. */
export async function openCase(conformanceCase: ConformanceCase, scratch: string): Promise<OpenCase> {
  await using resources = new AsyncDisposableStack();
  const context = join(scratch, 'context');
  await layOutFolder(conformanceCase, 'context', context);
  const places: Record<string, string> = { case: conformanceCase.directory };
  for (const name of conformanceCase.folders) {
    places[name] = join(scratch, name);
    await layOutFolder(conformanceCase, name, places[name]);
  }
  let origin: string | undefined;
  if (places['served'] !== undefined) {
    origin = resources.use(await startCaseServer(places['served'])).origin;
    places['server'] = origin;
  }
  const uses = (name: string) => JSON.stringify([conformanceCase.flags, conformanceCase.args]).includes(`{${name}}`);
  if (uses('base')) places['base'] = await baseImageLayout('busybox');
  const fill = (text: string) => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole);
  const args = Object.entries(conformanceCase.args).map(([name, value]) => [name, fill(value)] as const);
  const ready = { ...conformanceCase, flags: conformanceCase.flags.map(fill), args: Object.fromEntries(args) };
  const kept = resources.move();
  return {
    ready,
    context,
    stable: (value) =>
      origin === undefined
        ? value
        : (JSON.parse(JSON.stringify(value).replaceAll(origin, SERVER_IN_GOLDENS)) as typeof value),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

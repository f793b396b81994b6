import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageName, workspaceRoot } from '../src/workspace.ts';
import {
  type ImportEdge,
  importsOf,
  isTest,
  resolveRelative,
  sourceFiles,
  stripComments,
  workspaceOf,
} from './imports.ts';
import { circleIn, describeRooms, importsWithin, loadingOf, roomOf, roomsOf } from './rooms.ts';

/** The packages that each workspace may import. Tests may import more. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/registry': ['@shale/core'],
  'packages/cache': ['@shale/core'],
  'packages/dockerfile-parser': [],
  'packages/devcontainer': ['@shale/core', '@shale/dockerfile-parser'],
  'packages/git': ['@shale/core'],
  'packages/builder': ['@shale/core', '@shale/cache', '@shale/dockerfile-parser', '@shale/git'],
  'packages/explain': ['@shale/core', '@shale/cache', '@shale/builder'],
  'packages/warmer': ['@shale/core', '@shale/cache', '@shale/dockerfile-parser'],
  'packages/workspace': ['@shale/core', '@shale/git'],
  'packages/wiring': ['@shale/core', '@shale/registry', '@shale/cache', '@shale/builder'],
  'packages/testing': ['@shale/core', '@shale/cache'],
};
/** What each room of a workspace, a folder of its `src`, may import of the others, highest first. `pnpm rooms` prints what it does. */
const ROOMS_MAY_IMPORT: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'packages/builder': {
    checks: ['build', 'graph'],
    build: ['run', 'plan', 'keys', 'steps', 'exporters', 'graph'],
    run: ['steps', 'keys', 'isolation', 'executors', 'snapshotters', 'graph', 'host'],
    plan: ['copy', 'graph'],
    keys: ['context', 'copy', 'graph', 'tree'],
    exporters: ['isolation', 'graph', 'tree'],
    steps: ['isolation', 'executors', 'snapshotters', 'context', 'copy', 'graph', 'tree', 'host'],
    isolation: ['executors', 'snapshotters', 'graph', 'tree', 'host'],
    care: ['snapshotters', 'tree'],
    copy: ['graph', 'tree'],
    context: ['graph', 'tree', 'host'],
    executors: ['seccomp', 'root', 'tree', 'host'],
    seccomp: [],
    root: ['tree', 'host'],
    snapshotters: ['graph', 'tree'],
    graph: ['tree'],
    tree: [],
    host: [],
  },
  'packages/wiring': {
    'open-builder.ts': ['base-images', 'caches', 'registries', 'sources', 'lazy-isolation.ts', 'environment.ts'],
    outputs: [],
    'base-images': ['caches'],
    registries: ['environment.ts'],
    sources: ['environment.ts'],
    caches: [],
  },
  'packages/workspace': {
    clone: [],
    handover: [],
  },
  'apps/cli': {
    'main.ts': ['start.ts', 'compiled-code.ts', 'version.ts'],
    'start.ts': ['program.ts', 'errors', 'terminal'],
    'program.ts': ['commands', 'spec', 'options', 'errors', 'terminal', 'session.ts'],
    documents: ['commands', 'spec', 'options', 'errors'],
    commands: ['completion', 'wire', 'render', 'spec', 'options', 'errors', 'terminal', 'session.ts'],
    completion: ['spec', 'options'],
    wire: ['spec', 'options', 'errors', 'session.ts'],
    spec: ['options', 'session.ts'],
    options: ['errors', 'session.ts'],
    render: ['errors', 'terminal', 'session.ts'],
    errors: ['terminal'],
    terminal: ['session.ts'],
  },
  'apps/envbuilder': {
    'main.ts': ['start.ts'],
    'start.ts': ['program.ts', 'images', 'errors', 'state'],
    'program.ts': ['run', 'session', 'source', 'images', 'log', 'options', 'state', 'version.ts'],
    'generate-docs.ts': ['options'],
    run: ['handover', 'session', 'source', 'images', 'errors', 'options', 'state'],
    handover: ['session', 'source', 'log', 'options', 'state'],
    session: ['source', 'images', 'log', 'options', 'state'],
    source: ['images', 'options', 'state'],
    images: ['log', 'options', 'state'],
    log: ['options'],
    errors: [],
    options: [],
    state: [],
  },
};
const PACKAGES = Object.keys(MAY_IMPORT);
const APPS = ['apps/cli', 'apps/warmerd', 'apps/envbuilder'];
/** What `@shale/wiring` joins for the apps, so that all of them behave alike. */
const JOINED_BY_WIRING =
  /\b(?:createRegistryClient|dockerConfigKeychain|tieredCache|baseImageCache|chooseIsolation)\(/g;
/** Code that may import tar-stream. All other code uses its functions. */
const TAR_OWNERS = ['packages/core/src/archive/', 'packages/registry/', 'packages/testing/'];
/** Code that may read the process: tools of tests, and the threads of steps, which inherit its environment. */
const PROCESS_OWNERS = ['packages/testing/', 'packages/builder/src/executors/step-threads.ts'];
const IO_OF_A_PROGRAM = /(?<!delete )\bprocess\.(?:env|argv|stdout|stderr|exit|exitCode)\b|\bconsole\.\w+/g;

/** Features that the oldest Node of `engines` lacks. */
const NEWER_THAN_ENGINES =
  /\b(?:Async)?DisposableStack\b|\bError\.isError\b|\bRegExp\.escape\b|\bPromise\.try\b|\.(?:toBase64|toHex)\(/g;

const edgesOf = (folder: string) =>
  sourceFiles(workspaceRoot, folder).flatMap((file) => importsOf(workspaceRoot, file));
const usesOf = (pattern: RegExp, files: readonly string[]) =>
  files.flatMap((file) => {
    const text = stripComments(readFileSync(join(workspaceRoot, file), 'utf8'));
    return [...text.matchAll(pattern)].map(
      (match) => `${file}:${text.slice(0, match.index).split('\n').length} uses ${match[0]}`,
    );
  });
const show = ({ file, line, specifier }: ImportEdge) => `${file}:${line} imports ${specifier}`;

describe('packages', () => {
  it.each(PACKAGES)('%s imports only what is below it', (folder) => {
    const allowed = [packageName(folder), ...(MAY_IMPORT[folder] ?? [])];
    const broken = edgesOf(folder).filter(({ file, specifier }) => {
      const name = /^(?:@shale\/[^/]+|shale(?:-[a-z]+)?(?:\/|$))/.exec(specifier)?.[0];
      return name !== undefined && !allowed.includes(name) && !isTest(file);
    });
    expect(broken.map(show)).toEqual([]);
  });

  it.each([...PACKAGES, ...APPS])('%s reaches another workspace by its name, never by a path', (folder) => {
    const broken = edgesOf(folder).filter((edge) => {
      return edge.specifier.startsWith('.') && workspaceOf(resolveRelative(edge)) !== folder;
    });
    expect(broken.map(show)).toEqual([]);
  });

  it('leave tar-stream to the archive module', () => {
    const broken = [...PACKAGES, ...APPS]
      .flatMap(edgesOf)
      .filter(
        ({ file, specifier }) =>
          specifier === 'tar-stream' && !isTest(file) && !TAR_OWNERS.some((path) => file.startsWith(path)),
      );
    expect(broken.map(show)).toEqual([]);
  });

  it('read no environment and print nothing: that is for the apps', () => {
    const files = PACKAGES.flatMap((folder) => sourceFiles(workspaceRoot, folder)).filter(
      (file) => !isTest(file) && !PROCESS_OWNERS.some((path) => file.startsWith(path)),
    );
    expect(usesOf(IO_OF_A_PROGRAM, files)).toEqual([]);
  });

  it('leave it to wiring to join registries, caches and isolation', () => {
    const files = APPS.flatMap((folder) => sourceFiles(workspaceRoot, folder)).filter((file) => !isTest(file));
    expect(usesOf(JOINED_BY_WIRING, files)).toEqual([]);
  });

  it('and apps use nothing that the oldest Node they are for does not have', () => {
    const files = [...PACKAGES, ...APPS].flatMap((folder) => sourceFiles(workspaceRoot, folder));
    expect(
      usesOf(
        NEWER_THAN_ENGINES,
        files.filter((file) => !isTest(file)),
      ),
    ).toEqual([]);
  });
});

describe('rooms', () => {
  it.each(Object.entries(ROOMS_MAY_IMPORT))('of %s import only those below them', (folder, allowed) => {
    const broken = importsWithin(workspaceRoot, folder).filter((edge) => {
      const [from, to] = [roomOf(edge.file), roomOf(resolveRelative(edge))];
      return from !== to && allowed[from]?.includes(to) !== true;
    });
    expect(broken.map(show)).toEqual([]);
  });

  it('of builder are in its README, as `pnpm rooms` prints them', () => {
    const readme = readFileSync(join(workspaceRoot, 'packages/builder/README.md'), 'utf8');
    expect(readme).toContain(describeRooms(roomsOf(workspaceRoot, 'packages/builder')));
  });

  it.each([...PACKAGES, ...APPS])('of %s are in no circle, nor are its files when they are loaded', (folder) => {
    expect(circleIn(roomsOf(workspaceRoot, folder))).toEqual([]);
    expect(circleIn(loadingOf(workspaceRoot, folder))).toEqual([]);
  });
});

describe('manifests', () => {
  const manifestOf = (folder: string) =>
    JSON.parse(readFileSync(join(workspaceRoot, folder, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string> | undefined
    >;

  it.each([...PACKAGES, ...APPS])('%s has @shale/testing for its tests only', (folder) => {
    expect(Object.keys(manifestOf(folder)['dependencies'] ?? {})).not.toContain('@shale/testing');
  });

  it.each(PACKAGES)('%s depends on no workspace that it may not import', (folder) => {
    const names = Object.keys(manifestOf(folder)['dependencies'] ?? {}).filter((name) =>
      /^@shale\/|^shale$/.test(name),
    );
    expect(names.filter((name) => !MAY_IMPORT[folder]?.includes(name))).toEqual([]);
  });
});

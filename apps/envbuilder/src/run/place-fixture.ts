import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ShaleError } from '@shale/core';
import { openScratchDirectory } from '@shale/core/files';
import type { ImagePlan, WorkspaceImages } from '../images/images.ts';
import { type Environment, readCommandLine } from '../options/read-options.ts';
import type { ReplaceRootOptions } from '../session/root-replacement.ts';
import type { WorkspaceHost } from '../session/workspace-host.ts';
import type { BuildSource } from '../source/build-source.ts';
import { dockerfileSource } from '../source/dockerfile-source.ts';
import { type StartConfig } from '../state/image-file.ts';
import { workspacePaths } from '../state/workspace-paths.ts';
import { probeWorkspace } from './probe-workspace.ts';
import { runWorkspace } from './run-workspace.ts';

export class StepBrokenError extends ShaleError {
  readonly code = 'STEP_FAILED';
}

export class UploadRefusedError extends ShaleError {
  readonly code = 'PUSH_REFUSED';
}

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n';
const GROUP = 'root:x:0:\napp:x:1000:\ndocker:x:998:app\n';

export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

export function gitRepository(path: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) write(join(path, name), text);
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  execFileSync('git', ['init', '-q', '-b', 'trunk'], { cwd: path });
  execFileSync('git', ['add', '.'], { cwd: path });
  execFileSync('git', [...identity, 'commit', '-qm', 'x'], { cwd: path });
}

/** What the images of a test do. */
interface Outcome {
  config: StartConfig;
  failure?: Error;
  pushFailure?: Error;
}

interface Records {
  readonly plans: ImagePlan[];
  readonly pushed: string[];
  readonly start: Outcome;
}

/** Records what is built, and builds nothing. */
function recordedImages(at: (...names: string[]) => string, { plans, pushed, start }: Records): WorkspaceImages {
  return {
    async build(plan) {
      plans.push(plan);
      if (start.failure !== undefined && plan.dockerfile.name !== 'fallback image') throw start.failure;
      return {
        start: start.config,
        digest: 'sha256:0',
        async openTree() {
          const path = at(`tree-${plans.length}`);
          write(join(path, 'etc/passwd'), PASSWD);
          write(join(path, 'etc/group'), GROUP);
          write(join(path, 'etc/environment'), 'FROM_ETC="quoted value"\nFROM_IMAGE=etc\n');
          write(join(path, 'home/app/file'), 'x');
          return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true }) };
        },
      };
    },
    async push() {
      if (start.pushFailure !== undefined) throw start.pushFailure;
      pushed.push('r.example/c@sha256:1');
      return 'r.example/c@sha256:1';
    },
    async probe(plan) {
      plans.push(plan);
      return 'r.example/c@sha256:1';
    },
  };
}

/** A container's root in a scratch directory. Builds are only recorded. */
export async function openPlace() {
  const scratch = await openScratchDirectory();
  const at = (...names: string[]) => join(scratch.path, ...names);
  const root = at('root');
  const repository = at('app');
  const paths = workspacePaths(at('root/.envbuilder'));
  mkdirSync(paths.directory, { recursive: true });
  gitRepository(repository, { Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'a', 'sub/.dockerignore': 'x\n' });
  const lines: string[] = [];
  const plans: ImagePlan[] = [];
  const replaced: ReplaceRootOptions[] = [];
  const pushed: string[] = [];
  const start: Outcome = {
    config: { user: 'app', env: ['PATH=/image/bin', 'FROM_IMAGE=1'] },
  };
  const run = async (env: Environment, { sources = [dockerfileSource] as readonly BuildSource[] } = {}) => {
    const line = readCommandLine([], {
      ENVBUILDER_GIT_URL: repository,
      ENVBUILDER_WORKSPACE_FOLDER: at('root/ws'),
      ...env,
    });
    if (line.type !== 'run') throw new Error('unexpected');
    const host: WorkspaceHost = {
      version: '1.2.3',
      env,
      log: (level, text) => lines.push(`${level}: ${text}`),
      git: { path: 'git', env: { PATH: process.env['PATH'] ?? '' } },
      root,
      paths,
      sources,
      images: recordedImages(at, { plans, pushed, start }),
      rootReplacement: {
        async replaceRoot(request) {
          replaced.push(request);
          cpSync(request.tree, root, { recursive: true });
        },
      },
    };
    return line.options.getCachedImage ? probeWorkspace(line.options, host) : runWorkspace(line.options, host);
  };
  const text = () => lines.join('\n');
  const dispose = () => scratch[Symbol.asyncDispose]();
  return {
    at,
    root,
    paths,
    repository,
    lines,
    text,
    plans,
    replaced,
    pushed,
    start,
    run,
    [Symbol.asyncDispose]: dispose,
  };
}

export const DOCKERFILE = { ENVBUILDER_DOCKERFILE_PATH: 'Dockerfile' };

import { ERRORS, MOUNT } from './proofs.ts';
import { done, open, type SupportSection } from './support-row.ts';

const run: SupportSection = {
  title: 'RUN',
  rows: [
    done(
      'Shell and exec form',
      'ENTRYPOINT of the base is not used',
      'run-shell-form json-run run-ignores-entrypoint shell-changes-forms',
    ),
    done(
      'Here-documents',
      'a script, a file to execute, or text for the shell',
      'run-heredoc run-heredoc-shebang run-heredoc-to-command run-heredoc-forms run-heredoc-tabs',
    ),
    done(
      'What a step sees',
      'host name, environment, HOME, empty standard input, /proc, /sys and /dev',
      'run-hostname run-environment run-home-of-user run-standard-input-is-empty run-proc-and-sys run-dev-null run-process-identity run-capabilities',
    ),
    done(
      'What a step leaves',
      'every change of files, and no mount points',
      'run-changes-nothing run-deletes run-recreates-directory run-replaces-directory-by-file run-replaces-directory-by-symlink run-replaces-file-by-directory run-metadata-only-change run-modes-and-owners run-symlinks run-hard-links run-special-files run-file-capability run-long-names run-odd-names run-tmp-written run-many-steps',
    ),
    done('Failures', "the command's exit code and its last output", 'error-run-fails'),
    done(
      'RUN --mount',
      'several, CSV quoting, variables in values',
      `mount-bind-forms error-mount-type error-mount-key error-mount-field error-mount-option error-mount-root ${MOUNT} ${ERRORS}`,
    ),
    done('RUN --network', '`default`, `none`, `host`', 'run-network-none error-network-mode'),
    done(
      'RUN --security',
      '`insecure` needs `--allow security.insecure`',
      'security-insecure error-security-insecure error-security-value',
    ),
    open(
      'RUN --device',
      'no device is given to a step: one that is not `required` is left out with a warning, a required one is an error',
    ),
  ],
};

const bind = 'mount-bind-forms';
const cache = 'mount-cache-forms';
const secret = 'mount-secret-forms';
const ssh = 'tooling/e2e/ssh-mount.e2e.ts';
const mounts: SupportSection = {
  title: 'RUN --mount',
  rows: [
    done('type=bind', 'the default', `mount-bind-context mount-bind-stage ${bind}`),
    done(
      'type=bind,from=',
      'a stage, an image, a named context',
      `mount-bind-stage named-contexts error-mount-from-variable ${bind}`,
    ),
    done('type=bind,source=', '', bind),
    done('type=bind,target=', 'relative to WORKDIR', bind),
    done('type=bind,readonly', 'unless `rw`', bind),
    done('type=bind,readwrite', 'what is written is dropped', bind),
    done('type=cache', 'kept in the state folder, or in the folder of `--layer-cache-dir`', `mount-cache ${cache}`),
    done('type=cache,id=', 'the target by default', cache),
    done('type=cache,target=', '', cache),
    done('type=cache,from=', 'the first content', cache),
    done('type=cache,source=', 'of the first content', cache),
    done('type=cache,sharing=', '`shared`, `private`, `locked`', `error-mount-sharing ${cache}`),
    done('type=cache,mode=', '', cache),
    done('type=cache,uid=', '', `mount-cache-owner ${cache}`),
    done('type=cache,gid=', '', `mount-cache-owner ${cache}`),
    done('type=cache,readonly', '', `mount-cache-readwrite ${cache}`),
    done('type=cache,readwrite', '', 'mount-cache-readwrite'),
    done('type=tmpfs', '', 'mount-tmpfs mount-tmpfs-forms'),
    done('type=tmpfs,target=', '', 'mount-tmpfs-forms'),
    done('type=tmpfs,size=', 'a bound', 'mount-tmpfs-forms'),
    done('type=secret', 'in no layer, key, history or log', `mount-secret ${secret}`),
    done('type=secret,id=', '', secret),
    done('type=secret,source=', 'the same as `id`', MOUNT),
    done('type=secret,target=', '', `mount-secret-target ${secret}`),
    done('type=secret,env=', 'alone or beside the file', `mount-secret-env ${secret}`),
    done('type=secret,required', '', `mount-secret-optional error-secret-required ${secret}`),
    done('type=secret,mode=', '', secret),
    done('type=secret,uid=', '', secret),
    done('type=secret,gid=', '', secret),
    done('type=ssh', '`--ssh default` or `--ssh ID=SOCKET`', ssh),
    done('type=ssh,id=', '', ssh),
    done('type=ssh,target=', '', ssh),
    done('type=ssh,required', '', ssh),
    done('type=ssh,mode=', '', ssh),
    done('type=ssh,uid=', '', ssh),
    done('type=ssh,gid=', '', ssh),
  ],
};

export const runSections: readonly SupportSection[] = [run, mounts];

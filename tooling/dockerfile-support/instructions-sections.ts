import { BUILDER, WIRING, ERRORS, MULTI_PLATFORM } from './proofs.ts';
import { done, type SupportSection } from './support-row.ts';

const instructions: SupportSection = {
  title: 'Instructions',
  rows: [
    done('ADD', 'see below', 'add-file add-tar add-url add-git-forms'),
    done('ARG', 'several on a line', 'arg-default expand-arg-is-sequential'),
    done('CMD', 'shell and exec form; the last one counts', 'cmd-shell cmd-shell-and-exec cmd-last-wins json-empty'),
    done('COPY', 'see below', 'copy-file-to-file copy-everything'),
    done(
      'ENTRYPOINT',
      'clears an inherited CMD',
      'entrypoint-shell entrypoint-clears-inherited-cmd entrypoint-inherited-with-cmd entrypoint-keeps-own-cmd',
    ),
    done('ENV', '', 'words-env env-overrides-base'),
    done(
      'EXPOSE',
      'ranges, protocols, several on a line; host parts are passed over',
      'expose-forms expose-oddities error-expose-empty error-expose-port error-expose-protocol',
    ),
    done(
      'FROM',
      'an image, `scratch`, a stage, a named context',
      'from-scratch from-stage-alias-only from-stage-twice from-name-shadows-image named-contexts error-from-two-arguments error-stage-name error-base-blank',
    ),
    done('FROM --platform', '', `from-platform arg-platform-in-from error-platform-blank ${MULTI_PLATFORM}`),
    done('HEALTHCHECK', '`CMD` in both forms, `NONE`', 'healthcheck-forms healthcheck-none healthcheck-shell'),
    done('HEALTHCHECK --interval', '', 'healthcheck-options error-healthcheck-interval'),
    done('HEALTHCHECK --timeout', '', 'healthcheck-options'),
    done('HEALTHCHECK --start-period', '', 'healthcheck-options'),
    done('HEALTHCHECK --start-interval', '', 'healthcheck-options'),
    done('HEALTHCHECK --retries', '', 'healthcheck-options error-healthcheck-retries'),
    done('LABEL', '', 'words-label label-overrides'),
    done('MAINTAINER', 'sets the author, with a warning', 'maintainer'),
    done(
      'ONBUILD',
      'of images and of stages, with here-documents and sources of their own; run once',
      'onbuild-forms onbuild-from-stage onbuild-many onbuild-recorded onbuild-is-not-inherited-twice error-onbuild-from error-onbuild-onbuild',
    ),
    done('RUN', 'see below', 'run-shell-form json-run run-environment'),
    done('SHELL', 'JSON only; kept in the image', 'shell-changes-forms shell-inherited-by-stage error-shell-not-json'),
    done('STOPSIGNAL', 'a name or a number', 'stopsignal-forms error-stopsignal'),
    done(
      'USER',
      'names, numbers, groups and supplementary groups, as the stage has them',
      `user-forms user-groups user-run-owns-files run-home-of-user error-unknown-user-at-run ${BUILDER}/tree/users.test.ts`,
    ),
    done(
      'VOLUME',
      'JSON or words; later writes below it stay',
      'volume-forms volume-keeps-later-writes error-volume-blank',
    ),
    done(
      'WORKDIR',
      'relative to the one before; what it makes belongs to USER',
      'workdir-absolute workdir-relative workdir-inherited workdir-from-root workdir-root workdir-owned-by-user workdir-owners workdir-existing-keeps-owner workdir-through-symlink workdir-forms',
    ),
  ],
};

const stages: SupportSection = {
  title: 'Stages, images and history',
  rows: [
    done(
      'Target',
      '`--target` by name in any case, or by index; unknown: an error that says what was probably meant',
      'stage-target stage-target-case stage-target-index error-unknown-target',
    ),
    done('Stages that nothing needs', 'are not built, and their errors not shown', 'stage-unneeded-is-skipped'),
    done('Circles and later stages', 'errors', `error-circular-stages error-later-stage ${ERRORS}`),
    done(
      'Named contexts',
      '`--build-context` with a directory, `docker-image://`, `oci-layout://` or git; also in place of a stage',
      `named-contexts ${BUILDER}/plan/named-context.test.ts ${WIRING}/sources/named-contexts.test.ts`,
    ),
    done('Several platforms', '`--platform a,b` makes an index', MULTI_PLATFORM),
    done(
      'RUN for another platform',
      'by an emulator that binfmt_misc knows, else an error at its line',
      `${MULTI_PLATFORM} ${BUILDER}/host/emulation.test.ts tooling/acceptance/foreign-run.acceptance.ts`,
    ),
    done(
      'History',
      "BuildKit's texts; as many entries with a layer as there are layers",
      'history-texts history-mixed',
    ),
    done('Images without layers', '', 'from-scratch-metadata-only'),
    done('Dockerfile on stdin', 'with and without a context', 'dockerfile-stdin'),
    done('`dockerfile` in lower case', 'where there is no `Dockerfile`', `${BUILDER}/context/find-dockerfile.test.ts`),
  ],
};

export const instructionsSections: readonly SupportSection[] = [instructions, stages];

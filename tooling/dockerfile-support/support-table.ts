import { lintRules } from '@shale/dockerfile-parser/lint';
import { done, open, type SupportSection } from './support-row.ts';

const PARSER = 'packages/dockerfile-parser/src';
const BUILDER = 'packages/builder/src';
const CLI = 'apps/cli/src';
const WIRING = 'packages/wiring/src';

const ERRORS = `${CLI}/commands/error-texts.test.ts`;
const PARSE = `${PARSER}/parse.test.ts`;
const EXPAND = `${PARSER}/expand.test.ts`;
const MOUNT = `${PARSER}/mount.test.ts`;
const VALUES = `${PARSER}/values.test.ts`;
const IGNORE = `${PARSER}/ignore-matcher.test.ts`;
const LINT = `${PARSER}/lint/lint.test.ts`;
const CHECK = `${CLI}/commands/check.test.ts`;
const BUILD_CHECKS = 'tooling/e2e/build-checks.e2e.ts';
const CREDENTIALS = 'tooling/e2e/source-credentials.e2e.ts';
const MULTI_PLATFORM = 'tooling/e2e/multi-platform.e2e.ts';

const lexical: SupportSection = {
  title: 'Lines and words',
  rows: [
    done('Byte order mark', 'dropped', 'lex-byte-order-mark'),
    done('Line ends', '`\\n` and `\\r\\n`', 'lex-crlf'),
    done('Long lines', 'an error above 65535 bytes', `${PARSE} ${ERRORS}`),
    done('Comments', 'also between the lines of one instruction', 'lex-comments lex-comment-between-continuations'),
    done(
      'Continued lines',
      'blanks after the escape character, two of them, and one at the end of the file',
      'lex-continuation-with-trailing-blanks lex-two-escapes-do-not-continue lex-continuation-at-end-of-file lex-continuation-keeps-leading-space',
    ),
    done('Empty lines in an instruction', 'passed over, with a warning', `lex-empty-line-in-continuation ${LINT}`),
    done('Indented instructions', '', 'lex-indented-instruction'),
    done('Keywords in any case', '', 'lex-instruction-case'),
    done('Unknown instructions', 'an error that says what was probably meant', `error-unknown-instruction ${ERRORS}`),
    done(
      'Flags',
      'quoted values, `--` ends them; unknown, repeated and valueless ones are errors',
      `error-unknown-flag error-flag-duplicate error-flag-without-value error-flag-boolean ${PARSE} ${ERRORS}`,
    ),
    done('Exec form', 'JSON of strings', 'json-run json-blanks json-empty error-json-nested error-json-not-strings'),
    done('Broken JSON', 'is shell form', 'json-broken-falls-back json-trailing-text-falls-back'),
    done(
      'Words',
      'by blanks in COPY, ADD and VOLUME, by quotes in ENV, LABEL and ARG',
      'words-copy-json-with-blanks words-copy-quotes-are-literal words-env words-label env-and-label-words',
    ),
    done(
      'Here-documents',
      '`<<EOF`, `<<-EOF`, `<<"EOF"`, file descriptors, several on a line',
      'run-heredoc run-heredoc-forms run-heredoc-tabs copy-heredoc copy-heredoc-forms error-unterminated-heredoc error-copy-heredoc-destination',
    ),
    done(
      'Files without a stage',
      'empty, only comments, only ARG, an instruction before FROM',
      'error-empty-file error-only-comments error-only-arg error-no-from',
    ),
    done(
      'Hostile files',
      'bounded in time and memory; errors have a place',
      `${PARSER}/robustness.test.ts tooling/acceptance/hostile-dockerfiles.acceptance.ts ${PARSER}/print.test.ts`,
    ),
  ],
};

const directives: SupportSection = {
  title: 'Directives',
  rows: [
    done(
      '`# syntax=`',
      '`docker/dockerfile` of any version is taken as it is; other frontends are not run, and a warning says so',
      `directive-syntax ${BUILDER}/plan/frontend.test.ts ${PARSE}`,
    ),
    done('`# escape=`', 'a backslash or a backtick', 'lex-escape-directive lex-backtick error-invalid-escape'),
    done(
      '`# check=skip=`',
      'rules or `all`, for the file or for the instruction below',
      `directive-check error-check-option ${LINT} ${CHECK}`,
    ),
    done(
      '`# check=error=true`',
      'ends a build before its first step',
      `error-check-violation ${BUILD_CHECKS} ${CHECK}`,
    ),
    done('`# check=experimental=`', 'rules or `all`', LINT),
    done(
      'End of the block',
      'a comment, an empty line or an unknown directive',
      'lex-unknown-directive-ends-the-block lex-directive-after-comment-is-a-comment lex-directive-case',
    ),
    done('One of a kind', 'a second one is an error', `error-duplicate-escape-directive ${ERRORS}`),
  ],
};

const expansion: SupportSection = {
  title: 'Variables',
  rows: [
    done('`$v`, `${v}`', 'unset is empty, with a warning', `expand-unset-is-empty ${EXPAND}`),
    done('`${v:-w}`, `${v-w}`, `${v:+w}`, `${v+w}`', 'nested', 'expand-defaults expand-defaults-without-colon'),
    done('`${v:?w}`, `${v?w}`', 'the error is the text', 'error-required-variable'),
    done('`${v#p}`, `${v##p}`, `${v%p}`, `${v%%p}`', 'with `*` and `?`', 'expand-affixes'),
    done('`${v/p/r}`, `${v//p/r}`', '', 'expand-replacements'),
    done('`$1`, `$@`, `$?` and their like', 'always empty', 'expand-special-parameters'),
    done('Quotes and escapes', '', 'expand-quotes-and-escapes error-unterminated-quote'),
    done('Broken expressions', 'errors', 'error-bad-substitution error-unmatched-brace'),
    done(
      'Where they are expanded',
      'FROM, COPY, ADD, ENV, LABEL, EXPOSE, USER, WORKDIR, VOLUME, STOPSIGNAL, ARG defaults, values of mounts',
      'expand-everywhere expand-chmod expand-chown expand-expose-list arg-in-from mount-bind-forms',
    ),
    done(
      'Where they are not',
      'commands, `--exclude`, `--from`',
      'expand-not-in-commands copy-exclude-forms error-copy-from-variable',
    ),
    done(
      'When',
      'the values of one ENV see those before it; ARG goes one after another',
      'expand-env-uses-the-state-before expand-arg-is-sequential',
    ),
  ],
};

const args: SupportSection = {
  title: 'ARG and ENV',
  rows: [
    done('Global ARG', 'for FROM lines; a stage imports it', 'arg-in-from arg-global-needs-import arg-rules'),
    done(
      'Which value counts',
      '`--build-arg`, then the default in the stage, then the global one',
      'arg-build-arg-wins arg-default arg-default-uses-env arg-stage-default-beats-global arg-empty-build-arg arg-quoted',
    ),
    done('Unset and empty', '', 'arg-unset-is-absent arg-empty-build-arg'),
    done('Scope', 'from its line on, in its stage', 'arg-scope-starts-at-its-line arg-not-in-other-stage'),
    done('`FROM stage`', 'inherits ARG and ENV', 'arg-inherited-from-stage'),
    done(
      'ARG and ENV of one name',
      'the last one with a value wins',
      'arg-then-env-last-wins env-then-arg-last-wins env-then-arg-without-value',
    ),
    done('Undeclared build arguments', 'are passed over in silence', 'arg-undeclared-is-ignored'),
    done('In the image', 'never in the config; in the history', 'arg-never-in-config arg-history'),
    done(
      'Proxies',
      '`HTTP_PROXY` and its like need no ARG, and are in no key',
      `arg-proxy-predefined arg-rules ${BUILDER}/keys/mutations.test.ts`,
    ),
    done(
      '`TARGETPLATFORM`, `TARGETOS`, `TARGETARCH`, `TARGETVARIANT`, `TARGETOSVERSION`',
      '',
      `arg-platform-automatic arg-platform-all arg-platform-in-from arg-platform-needs-declaration arg-platform-stage-default-wins ${MULTI_PLATFORM}`,
    ),
    done(
      '`BUILDPLATFORM`, `BUILDOS`, `BUILDARCH`, `BUILDVARIANT`, `BUILDOSVERSION`',
      '',
      'arg-platform-automatic arg-platform-all arg-platform-in-from',
    ),
    done('`TARGETSTAGE`', '`default` for a stage without a name', 'arg-platform-all'),
    done('`BUILDKIT_DOCKERFILE_CHECK`', 'takes the place of `# check=`', CHECK),
    done(
      '`SOURCE_DATE_EPOCH`',
      'seconds, or the commit of `context` or of a named context',
      `${CLI}/wire/source-date-epoch.test.ts`,
    ),
    open('`SOURCE_DATE_EPOCH` with the name of a stage', 'an error: it takes seconds, or a context'),
    done('`BUILDKIT_SANDBOX_HOSTNAME`', '`buildkitsandbox` by default', 'arg-buildkit-hostname'),
    done(
      '`BUILDKIT_CACHE_MOUNT_NS`',
      'caches of two namespaces have nothing in common',
      'arg-buildkit-cache-namespace',
    ),
    done('`BUILDKIT_SYNTAX`', 'takes the place of `# syntax=`', `${BUILDER}/plan/frontend.test.ts`),
    done('`BUILDKIT_CONTEXT_KEEP_GIT_DIR`', 'of git contexts, named ones too', CREDENTIALS),
    done('`BUILDKIT_MULTI_PLATFORM`', 'an index of one platform', MULTI_PLATFORM),
    open('`BUILDKIT_INLINE_CACHE`', 'layers are cached with `--cache-repo`'),
    open('`BUILDKIT_BUILD_NAME`, `BUILDKIT_SBOM_SCAN_*`', 'neither names nor scans'),
    done(
      'ENV and LABEL',
      '`k=v k2="v 2"`, and `KEY rest of line`',
      'words-env words-label env-overrides-base env-path-extends error-env-without-value error-env-mixed-forms error-env-blank-name',
    ),
    done('`--label`', 'wins over LABEL', 'label-flag-wins label-overrides'),
  ],
};

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

const paths: SupportSection = {
  title: 'COPY and ADD: paths and metadata',
  rows: [
    done(
      'Sources',
      'stay in the context; of a directory its contents',
      'copy-source-cannot-leave-the-context copy-directory-contents copy-everything copy-everything-to-root copy-empty-directories copy-from-relative-path',
    ),
    done(
      'Destinations',
      'relative to WORKDIR; a slash at the end makes a directory',
      'copy-relative-destination copy-destination-dot copy-destination-empty-variable copy-file-to-file copy-file-to-directory-slash copy-file-to-existing-directory copy-file-makes-parents',
    ),
    done(
      'Several sources',
      'also onto a name without a slash',
      'copy-several-sources copy-several-sources-without-slash',
    ),
    done(
      'Wildcards',
      "Go's `filepath.Match`; none that matches is no error",
      `copy-wildcard copy-wildcard-escaped copy-wildcard-flattens-directories copy-wildcard-in-the-middle copy-wildcard-without-match glob-corners copy-wildcards-and-symlinks error-copy-wildcard-dangling ${PARSER}/glob.test.ts`,
    ),
    done('Missing sources', 'an error', 'error-missing-source error-ignored-source'),
    done(
      'Symlinks in sources',
      'followed at the top, kept below, never out of the root',
      'copy-symlink-source-is-followed copy-symlink-source-stays-inside copy-symlinks-inside copy-sources-linked copy-from-stage-symlinks',
    ),
    done(
      'Symlinks in destinations',
      'followed, never out of the root; a nested one is replaced',
      'copy-destination-symlink-is-followed copy-destination-symlink-stays-inside copy-file-over-nested-symlink',
    ),
    done(
      'What cannot be replaced',
      'errors',
      'error-copy-directory-over-file error-copy-nested-file-over-directory copy-overwrites copy-file-over-file-keeps-nothing',
    ),
    done(
      'Modes',
      'of files and nested directories as in the source, of new directories 0755',
      'copy-keeps-modes copy-top-directory-mode-is-not-kept copy-nested-directory-takes-source-mode copy-metadata',
    ),
    done(
      'Owners',
      'root from a context, kept from a stage',
      'copy-metadata copy-from-keeps-xattr-and-modes user-does-not-own-copies',
    ),
    done('Extended attributes, hard links, fifos', '', 'copy-from-keeps-xattr-and-modes copy-hard-links copy-fifo'),
    done('Names of any kind', '', 'copy-unicode words-copy-json-with-blanks'),
  ],
};

const copyFlags: SupportSection = {
  title: 'COPY and ADD: flags',
  rows: [
    done(
      'COPY --from',
      'a stage by name or index, a named context, an image',
      'copy-from-stage copy-from-index copy-from-name-case copy-from-image copy-from-wildcard named-contexts error-missing-stage',
    ),
    done(
      'COPY --chown',
      'names as the stage has them; an unknown name is 0; a number alone is the group, too',
      'copy-chown-names copy-chown-numbers copy-chown-number-only copy-chown-user-only copy-chown-root-without-passwd copy-chown-existing-directory-keeps-owner copy-from-chown expand-chown',
    ),
    done('COPY --chmod', 'octal and symbolic', 'copy-chmod-octal copy-chmod-symbolic expand-chmod error-chmod-invalid'),
    done(
      'COPY --link',
      'a layer that does not depend on what is below',
      'copy-link copy-link-forms copy-link-replaces-symlinked-parent',
    ),
    done('COPY --parents', 'with `/./` and `**`', 'copy-parents copy-parents-forms'),
    done('COPY --exclude', "an ignore file's patterns, repeatable", 'copy-exclude copy-exclude-forms'),
    done('COPY here-documents', 'a file each', 'copy-heredoc copy-heredoc-forms copy-heredoc-chown-chmod'),
    done('COPY of a URL or repository', 'an error', 'error-copy-url error-copy-git copy-tar-is-not-unpacked'),
    done('ADD --chown', 'of archives, too', 'add-tar-chown add-url-forms'),
    done(
      'ADD --chmod',
      'of files and URLs, not of what an archive holds',
      `add-url-forms ${BUILDER}/copy/archive.test.ts`,
    ),
    done('ADD --link', '', 'add-url-forms'),
    done('ADD --exclude', '', 'add-exclude'),
    done(
      'ADD --checksum',
      'sha256, sha384 and sha512 of a URL',
      `add-url-forms error-checksum-local error-checksum-several-sources ${BUILDER}/copy/download.test.ts`,
    ),
    done('ADD --unpack', '`false` for archives, `true` for URLs', `add-url-forms ${BUILDER}/copy/archive.test.ts`),
    done('ADD --keep-git-dir', '', 'add-git-forms'),
  ],
};

const add: SupportSection = {
  title: 'ADD: archives and places elsewhere',
  rows: [
    done(
      'Archives',
      'by content: tar, gzip, bzip2, xz, zstd',
      `add-archives add-tar add-tar-zstd add-tar-detected-by-content add-tar-into-existing add-gzip-file-is-not-unpacked add-wildcard ${BUILDER}/copy/archive.test.ts`,
    ),
    done('URLs', 'mode 0600, time of Last-Modified, name of the last element', 'add-url add-url-forms'),
    done('Unchanged URLs', 'are asked for, not fetched again', `${BUILDER}/keys/remote-version.test.ts`),
    done('Git repositories', '`#ref:subdir` and the query form', `add-git-forms packages/git/src/git-source.test.ts`),
    done('`HTTP_AUTH_HEADER_<host>`, `HTTP_AUTH_TOKEN_<host>`', 'secrets, said to that host only', CREDENTIALS),
    done('`GIT_AUTH_HEADER[.host]`, `GIT_AUTH_TOKEN[.host]`', 'secrets, for repositories on web servers', CREDENTIALS),
  ],
};

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

const ignore: SupportSection = {
  title: 'Ignore files',
  rows: [
    done(
      '`.dockerignore`',
      'for directories, not for git and tar contexts',
      `ignore-simple ${BUILDER}/context/find-dockerfile.test.ts`,
    ),
    done('`<Dockerfile>.dockerignore`', 'in its place', 'ignore-dockerfile-specific'),
    done('Comments, blanks, byte order mark', '', 'ignore-comments-and-blanks ignore-oddities'),
    done('`*`, `?`, `[a-z]`, `\\`', '', `ignore-character-class ignore-oddities ${IGNORE}`),
    done('`**`', 'any depth', 'ignore-double-star'),
    done(
      '`!`',
      'also below an excluded parent; the last match counts',
      'ignore-exception ignore-exception-anywhere ignore-exception-below-excluded-parent ignore-last-match-wins',
    ),
    done('Broken patterns', 'errors with file and line', `error-ignore-bad-pattern ${ERRORS}`),
    done('Named contexts', 'have their own', `named-contexts ${WIRING}/sources/named-contexts.test.ts`),
  ],
};

const errors: SupportSection = {
  title: 'Errors',
  rows: [
    done('Places', 'file, line and the lines of the instruction, marked', `${ERRORS} ${CLI}/report-error.test.ts`),
    done('What was expected', 'a hint with each', ERRORS),
    done('What was probably meant', 'instructions, flags, mounts, stages, check options', ERRORS),
    done('Values', 'ports, signals, durations, modes, owners, sizes', `${VALUES} ${ERRORS}`),
  ],
};

/** Each rule has a page whose examples are its test. */
const lint: SupportSection = {
  title: 'Build checks',
  rows: [
    done('`shale check`', 'text and JSON', CHECK),
    done('At the end of a build', 'in every view', BUILD_CHECKS),
    ...lintRules.map(({ name, description, url, experimental }) => {
      const page = `${PARSER}/lint/docs/${url.split('/').at(-2)}.md`;
      const note = `${description}${experimental ? ' (experimental)' : ''}`;
      return done(`[${name}](../${page})`, note, `${PARSER}/lint/rules.test.ts ${LINT}`);
    }),
  ],
};

export const supportTable: readonly SupportSection[] = [
  lexical,
  directives,
  expansion,
  args,
  instructions,
  stages,
  paths,
  copyFlags,
  add,
  run,
  mounts,
  ignore,
  errors,
  lint,
];

import {
  PARSER,
  BUILDER,
  CLI,
  ERRORS,
  PARSE,
  EXPAND,
  LINT,
  CHECK,
  BUILD_CHECKS,
  CREDENTIALS,
  MULTI_PLATFORM,
} from './proofs.ts';
import { done, open, type SupportSection } from './support-row.ts';

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

export const languageSections: readonly SupportSection[] = [lexical, directives, expansion, args];

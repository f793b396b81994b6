import { PARSER, BUILDER, CREDENTIALS } from './proofs.ts';
import { done, type SupportSection } from './support-row.ts';

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

export const copySections: readonly SupportSection[] = [paths, copyFlags, add];

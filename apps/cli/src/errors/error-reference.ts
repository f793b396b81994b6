import type { ErrorCode, Remedies } from '@shale/core';

export interface ErrorEntry {
  /** What went wrong, in one sentence. */
  readonly meaning: string;
  /** What the user can do. */
  readonly remedy: string;
  /** Which flag, variable or command of the CLI helps: printed after the error's own hint. */
  readonly flags?: string;
}

/** One entry for each code: the text of docs/errors.md. */
export const errorReference: Readonly<Record<ErrorCode, ErrorEntry>> = {
  ARCHIVE_ESCAPE: {
    meaning: 'An archive or layer has an entry that points outside the directory it is unpacked into.',
    remedy: 'Nothing was written outside. Do not use this image or archive; tell its maker.',
  },
  ARCHIVE_INVALID: {
    meaning: 'An archive or layer is damaged: a wrong checksum, a cut-off entry, or a header that makes no sense.',
    remedy: 'Fetch it again. If it stays so, `tar -tvf` shows how far it can be read.',
  },
  ARCHIVE_LIMIT: {
    meaning:
      'An archive goes beyond a bound that keeps hostile archives from filling memory or disk: entries, depth, path length, header size or expansion.',
    remedy: 'Check where the archive comes from. An honest one can be made smaller, or split.',
  },
  AUTH_REALM_REFUSED: {
    meaning: 'A registry asked for its token to be fetched from a host that must not see its credentials.',
    remedy:
      'Nothing was sent. If the host really belongs to the registry, its operator can serve tokens from the same domain, over https.',
  },
  BASE_IMAGE_CACHE_FULL: {
    meaning: 'An image does not fit into the directory of base images: its disk or its limit is full.',
    remedy: 'Enlarge the volume or the limit, or warm fewer images.',
    flags: '`--max-size` sets the limit, `--prune` removes images that the command line does not name.',
  },
  BASE_IMAGE_MISSING: {
    meaning:
      'An image that FROM, COPY --from or a mount names was not found; the message lists each place that was asked.',
    remedy: 'Check the name, and log in.',
    flags: '`--registry-mirror` names a mirror; `shale warm` fills a directory for `--base-image-cache-dir`.',
  },
  BLOB_MISSING: {
    meaning: 'A manifest names content that is not there: the image or the cache entry is incomplete.',
    remedy: 'Push the image again. In the local state `shale cache verify` finds and drops broken entries.',
  },
  CACHE_BROKEN: {
    meaning: 'Entries of a cache are damaged, or their layers are gone.',
    remedy: 'Builds pass over them and make them again. `shale cache verify --repair` removes them.',
  },
  CACHE_READ_ONLY: {
    meaning: 'The registry lets these credentials read the layer cache, not write it.',
    remedy: 'Log in with credentials that may push.',
    flags: '`--cache-readonly` reads the cache and never writes it.',
  },
  CACHE_REQUIRED: {
    meaning: 'A cache could not be reached, and `--cache-required` forbids to build without it.',
    remedy: 'Make the cache reachable.',
    flags: 'Without `--cache-required` builds go on without the cache.',
  },
  COMPOSE_INVALID: {
    meaning: 'A compose file cannot be understood, or does not have the service that devcontainer.json names.',
    remedy: 'The message names the file and the key. `docker compose config` shows how the engine reads it.',
  },
  CERTIFICATE_INVALID: {
    meaning: 'The certificate of a registry has expired, is not valid yet, or is for another host name.',
    remedy: 'Use the name that the certificate has, check the clock, or renew the certificate.',
    flags: '`--insecure` connects without checking certificates.',
  },
  CERTIFICATE_UNTRUSTED: {
    meaning: 'The certificate of a registry is self-signed, or signed by an authority that is not trusted here.',
    remedy: 'Trust the authority: put its certificate into the certificate directory of the host, as a `.crt` file.',
    flags:
      '`SSL_CERT_FILE` or `--registry-certificate` name a file to trust; `--insecure` connects without checking certificates.',
  },
  CONFIG_INVALID: {
    meaning: "An image's config is not what the image specification says.",
    remedy: 'Build or push the image again with another tool, or pin an earlier digest.',
  },
  CONTEXT_INVALID: {
    meaning: 'The build context cannot be read: no such directory, not a tar, or a broken `.dockerignore`.',
    remedy: 'Name a directory, a tarball, `-` for a tar on stdin, or a git URL.',
  },
  CREDENTIALS_INVALID: {
    meaning: 'A source of credentials cannot be read: a broken config.json, or a credential helper that fails.',
    remedy: 'The message names the file or helper. Log in again, or run the helper by hand.',
  },
  DEVCONTAINER_INVALID: {
    meaning: 'A devcontainer.json, or the metadata in an image, has values that cannot be used; each has its line.',
    remedy: 'Correct the lines that the message names.',
  },
  DEVCONTAINER_MISSING: {
    meaning: 'There is no devcontainer.json, or there are several and none is chosen.',
    remedy: 'Write `.devcontainer/devcontainer.json`, or name one of those that the message lists.',
  },
  DIGEST_INVALID: {
    meaning: 'A text is not a digest.',
    remedy: 'Write `sha256:` and 64 lower-case hexadecimal digits.',
  },
  DIGEST_MISMATCH: {
    meaning: 'Content has another digest or size than was promised: damaged on its way, cut short, or changed.',
    remedy: 'Nothing of it was used. Try again; if it repeats, the registry or a proxy between serves wrong bytes.',
  },
  DOCKERFILE_INVALID: {
    meaning: 'The Dockerfile cannot be understood; the message shows the lines.',
    remedy: 'Correct the lines. `shale check` tells without building whether it can be understood.',
  },
  ENTITLEMENT_DENIED: {
    meaning: 'A step asks for more than its sandbox allows, such as `RUN --security=insecure`.',
    remedy: 'Allow it only if you trust the Dockerfile.',
    flags: '`--allow ENTITLEMENT` allows it.',
  },
  EXECUTOR_UNAVAILABLE: {
    meaning:
      'RUN cannot be executed here: nothing that confines a command works in this environment, or the kernel has no emulator for the platform.',
    remedy:
      'Run as root, or where user namespaces are allowed. For a foreign platform see [multi-platform.md](multi-platform.md).',
  },
  FEATURES_CIRCULAR: {
    meaning: 'Features of a dev container wait for each other, so that none of them can be installed first.',
    remedy: 'The message has the circle. Take one of its features out, or correct its `dependsOn` or `installsAfter`.',
  },
  FEATURE_INVALID: {
    meaning: 'A feature of a dev container is named wrongly, or its files are not those of a feature.',
    remedy: 'Check the name in `features`. A feature has a `devcontainer-feature.json` and an `install.sh`.',
  },
  FEATURE_UNAVAILABLE: {
    meaning: 'A feature of a dev container cannot be fetched.',
    remedy: 'Check name and version, and log in to its registry. A local feature starts with `./`.',
  },
  GIT_ACCESS_DENIED: {
    meaning: 'A git server requires credentials, or refuses those that it got.',
    remedy: 'Check the user name, the password or token, and for ssh the key and the known host keys.',
    flags: '`--secret id=GIT_AUTH_TOKEN,env=NAME` gives a token for repositories on web servers.',
  },
  GIT_FAILED: {
    meaning: 'A git repository cannot be fetched.',
    remedy: "Check URL, branch and access. The message has git's own words.",
  },
  ISOLATION_UNAVAILABLE: {
    meaning: 'The isolation that was asked for does not work in this environment, or none does.',
    remedy: 'Run as root, or where user namespaces are allowed; the message says what was tried and why it failed.',
    flags: 'Without `--isolation` the best that works is chosen.',
  },
  LAYOUT_INVALID: {
    meaning: 'A directory or archive is not an OCI image layout or docker archive that can be trusted.',
    remedy: 'Write it again, for example with `shale build -o type=oci` or `skopeo copy`.',
  },
  LINT_VIOLATION: {
    meaning: 'Build checks found something, and the Dockerfile or `BUILDKIT_DOCKERFILE_CHECK` calls findings errors.',
    remedy: 'Each is listed with its place and rule. `# check=skip=RULE` in the Dockerfile silences a rule.',
  },
  LOCKFILE_MISMATCH: {
    meaning: 'The lockfile of the features is missing or out of date, and it must not change.',
    remedy: 'Write it again without the frozen mode, and commit it.',
  },
  MANIFEST_INVALID: {
    meaning: 'An image manifest or index is malformed, too large, or claims to be two things at once.',
    remedy: 'Push the image again. A proxy that answers with an HTML page has this effect too.',
  },
  MANIFEST_UNSUPPORTED: {
    meaning: "The image has a format that no build can use, such as docker's schema 1.",
    remedy: 'Pull and push it with a current tool.',
  },
  NO_SPACE: {
    meaning: 'The disk is full, or a quota is reached.',
    remedy: 'Free some space, or choose another disk.',
    flags: '`shale cache prune` drops what is unused; `--state-dir` names another place.',
  },
  OUTPUT_UNWRITABLE: {
    meaning: 'The image or a file of results cannot be written where it was asked for.',
    remedy: 'Check the path and its rights. The image is in the state folder and the cache: a second run is fast.',
  },
  PLATFORM_INVALID: {
    meaning: 'A text is not a platform.',
    remedy: 'Write os/arch[/variant], as in `linux/arm64`.',
  },
  PLATFORM_MISSING: {
    meaning: 'The image exists, but not for the platform that was asked for; the message lists those it has.',
    remedy: 'Choose one of them, or another image.',
    flags: '`--platform` names the platform.',
  },
  PROBE_MISS: {
    meaning: 'Not every step is cached, or the image was never pushed: there is no image to use.',
    remedy: 'The message names the first missing step and why. Build once with `--push-image`.',
  },
  PUSH_REFUSED: {
    meaning: 'An image cannot be pushed.',
    remedy:
      'Check that you are logged in and may write to the repository, and that it exists where registries want it made first.',
  },
  REFERENCE_INVALID: {
    meaning: "A text is not an image's name.",
    remedy: 'Write [registry/]repository[:tag][@sha256:digest], the repository in lower case.',
  },
  REGISTRY_PLAIN_HTTP: {
    meaning: 'A registry speaks plain http, and https was expected.',
    remedy: 'Allow plain http for this registry, if you trust the network.',
    flags: '`--insecure-registry HOST` allows it for one registry, `--insecure` for all.',
  },
  REGISTRY_REFUSED: {
    meaning: 'A registry answered with an error; the message has its status and its own words.',
    remedy:
      '401 and 403: log in, and check that you may read or write the repository. 429: wait, log in, or use a mirror.',
  },
  REGISTRY_UNREACHABLE: {
    meaning: 'A registry does not answer: name, network or proxy.',
    remedy: 'The message says which.',
  },
  SANDBOX_FAILED: {
    meaning:
      'The kernel, or a missing program, refused what the sandbox of a step needs. The step itself did not start.',
    remedy: 'The message says what was refused. Try another kind of isolation, or run as root.',
    flags: '`--isolation auto` chooses what works here.',
  },
  SECRET_MISSING: {
    meaning: 'A secret that a step requires was not given, cannot be read, or is too large.',
    remedy: 'Check its id and its path.',
    flags: '`--secret id=ID,src=FILE` or `--secret id=ID,env=NAME` gives it.',
  },
  SOURCE_MISSING: {
    meaning: 'A file or mount source that a step needs is not there.',
    remedy: 'Check the path, and that `.dockerignore` does not leave it out.',
  },
  SSH_AGENT_MISSING: {
    meaning: 'A step requires an SSH agent that was not given.',
    remedy: 'Check its id, and that the agent runs.',
    flags: '`--ssh ID=SOCKET` gives it; `--ssh default` takes the one of `SSH_AUTH_SOCK`.',
  },
  STEP_FAILED: {
    meaning: 'A command of the Dockerfile ended with an error; its last output is shown above the message.',
    remedy: 'Mend the command. All steps before it are cached, so the next build starts there.',
  },
  STORE_INVALID: {
    meaning: 'Local state has an unknown or broken format.',
    remedy:
      'A newer shale may have written it. Use another `--state-dir`, or remove the folder: it holds only what can be built again.',
  },
  USAGE_INVALID: {
    meaning: 'The command line, or a variable that stands for a flag, cannot be understood. Nothing was done.',
    remedy: '`shale COMMAND --help` shows what there is.',
  },
  WARM_FAILED: {
    meaning: 'Some images could not be warmed; the last good copy of each is still there.',
    remedy: 'The message lists them with reasons. Warming again fetches only what is missing.',
  },
};

/** What the CLI adds to the hints of errors. */
export const REMEDIES: Remedies = Object.fromEntries(
  Object.entries(errorReference).flatMap(([code, { flags }]) => (flags === undefined ? [] : [[code, flags]])),
);

/** docs/errors.md. */
export function errorsPage(): string {
  const sections = Object.entries(errorReference)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { meaning, remedy, flags = '' }]) => {
      return `## ${code}\n\n${meaning}\n\n**What to do:** ${`${remedy} ${flags}`.trimEnd()}\n`;
    });
  return `<!-- Generated from apps/cli/src/errors/error-reference.ts by \`pnpm --filter shale run docs\`. -->

# Errors

Every failure that a user can meet has a code, the same in the CLI's JSON progress, in the libraries (\`error.code\`)
and here. Codes are permanent. \`--verbose\` shows the causes behind an error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the work failed, with one of the codes below |
| 2 | \`USAGE_INVALID\`: nothing was done |
| 130, 143 | ended by SIGINT (Ctrl-C) or SIGTERM, after cleaning up |

${sections.join('\n')}`;
}

import { choice, text, toggle } from './kinds.ts';

/** Every command takes these. */
export const generalOptions = {
  verbose: toggle({
    flag: 'verbose',
    short: 'v',
    group: 'General',
    variables: ['ENVBUILDER_VERBOSE'],
    help: 'Show the causes behind an error, and every detail of the progress',
  }),
};

/** For commands that use the local state. */
export const stateOptions = {
  stateDir: text({
    flag: 'state-dir',
    placeholder: 'DIR',
    group: 'General',
    variables: ['SHALE_STATE_DIR'],
    completion: 'directory',
    shownDefault: '/var/lib/shale as root, else $XDG_DATA_HOME/shale',
    help: 'Where blobs, snapshots and the default cache live',
  }),
};

/** BuildKit's words; those it may learn later are no mistake of the user's. */
const KNOWN_MODES: Readonly<Record<string, readonly string[]>> = {
  auto: ['auto'],
  tty: ['tty'],
  plain: ['plain'],
  quiet: ['quiet'],
  rawjson: ['json'],
};

/** For commands that take long enough to be watched. */
export const progressOptions = {
  progress: choice({
    flag: 'progress',
    choices: ['auto', 'tty', 'plain', 'json', 'quiet'],
    group: 'General',
    variables: [{ name: 'BUILDKIT_PROGRESS', values: (mode) => KNOWN_MODES[mode] ?? [] }],
    shownDefault: 'auto',
    help: 'How to show progress on stderr; auto is tty on a terminal, else plain',
  }),
  quiet: toggle({
    flag: 'quiet',
    short: 'q',
    group: 'General',
    help: 'No progress; print only the digest of the image on stdout',
  }),
};

/** For commands whose result programs read as well. */
export const jsonOption = {
  json: toggle({ flag: 'json', group: 'General', help: 'Print JSON on stdout' }),
};

/** For reports that people read first. */
export const formatOption = {
  format: choice({
    flag: 'format',
    choices: ['text', 'json'],
    group: 'Output',
    shownDefault: 'text',
    help: 'How findings are written to stdout',
  }),
};

import { lintRules } from '@shale/dockerfile-parser/lint';
import { PARSER, BUILDER, CLI, WIRING, ERRORS, VALUES, IGNORE, LINT, CHECK, BUILD_CHECKS } from './proofs.ts';
import { done, type SupportSection } from './support-row.ts';

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
    done(
      'Places',
      'file, line and the lines of the instruction, marked',
      `${ERRORS} ${CLI}/errors/report-error.test.ts`,
    ),
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

export const surroundingsSections: readonly SupportSection[] = [ignore, errors, lint];

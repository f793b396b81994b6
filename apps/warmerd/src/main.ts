#!/usr/bin/env -S node --max-semi-space-size=1
// Most of its life the daemon waits: a small young generation saves it several MiB.
import { parseArgs } from 'node:util';
import { messageOf, ShaleError } from '@shale/core';
import { configJsonSchema } from './config.ts';
import { run } from './run.ts';
import { version } from './version.ts';

const HELP = `Usage: shale-warmerd --config FILE [options]

Keeps a directory of base images up to date.

  -c, --config FILE    What to warm and when; see docs/warming.md
      --once           Run every schedule once, then end; 1 if anything failed
      --serve          Answer as a read-only registry under /v2/
      --listen ADDR    Where to answer instead of the config's, as 0.0.0.0:8080
      --schema         Print the JSON schema of the config
  -h, --help           Print this help
      --version        Print the version
`;

process.removeAllListeners('warning'); // Node's own, of parts that it calls experimental
try {
  const { values } = parseArgs({
    options: {
      config: { type: 'string', short: 'c' },
      once: { type: 'boolean', default: false },
      serve: { type: 'boolean', default: false },
      listen: { type: 'string' },
      schema: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  });
  if (values.version) process.stdout.write(`shale-warmerd ${version}\n`);
  else if (values.schema) process.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
  else if (values.help || values.config === undefined) {
    (values.help ? process.stdout : process.stderr).write(HELP);
    process.exitCode = values.help ? 0 : 2;
  } else process.exitCode = await run({ ...values, config: values.config }, process.env);
} catch (error) {
  const isUsage = (error instanceof ShaleError && error.code === 'USAGE_INVALID') || error instanceof TypeError;
  process.stderr.write(`error: ${messageOf(error)}\n`);
  if (error instanceof ShaleError && error.hint !== undefined) process.stderr.write(`hint:  ${error.hint}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

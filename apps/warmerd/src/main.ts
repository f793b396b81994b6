#!/usr/bin/env -S node --max-semi-space-size=1
// The daemon waits most of the time: a small young generation saves several MiB.
import { parseArgs } from 'node:util';
import { messageOf, ShaleError } from '@shale/core';
import { configJsonSchema } from './config.ts';
import { run } from './run.ts';
import { version } from './version.ts';

const HELP = `Usage: shale-warmerd --config FILE [options]

Keeps a directory of base images up to date.

  -c, --config FILE    Config file: what to warm, and when; see docs/warming.md
      --once           Run every schedule once and end; the exit code is 1 if anything failed
      --serve          Serve the images as a read-only registry under /v2/
      --listen ADDR    Listen here, not where the config says; for example 0.0.0.0:8080
      --schema         Print the JSON schema of the config file
  -h, --help           Print this help
      --version        Print the version
`;

process.removeAllListeners('warning'); // Node warns of its experimental parts, which users cannot change
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

import { generalOptions } from '../options/general.ts';
import { version } from '../version.ts';
import { command } from './command.ts';

export const versionCommand = command({
  name: 'version',
  summary: 'Print the version',
  options: generalOptions,
  run: async ({ stdout }) => {
    stdout.write(`shale ${version}\n`);
  },
});

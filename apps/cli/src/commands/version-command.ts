import { generalOptions } from '../options/general.ts';
import { command } from '../spec/command-spec.ts';

export const versionCommand = command({
  name: 'version',
  summary: 'Print the version',
  options: generalOptions,
  run: async ({ version, stdout }) => {
    stdout.write(`shale ${version}\n`);
  },
});

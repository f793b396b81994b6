import type { buildOptions } from './build-command.ts';
import type { Invocation } from './command.ts';

export async function runBuild(_invocation: Invocation<typeof buildOptions>): Promise<void> {}

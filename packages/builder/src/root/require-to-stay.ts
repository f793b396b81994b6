import { NotInContainerError } from '../host/container.ts';
import { KeptPaths } from './kept-paths.ts';
import type { RootExchange } from './root-exchange.ts';

/**
 * What runs, and what it needs later, must not leave with the container's root: so that only a container that was made
 * for this loses its root.
 * @param what Completes the message: "cannot".
 * @throws {NotInContainerError}
 */
export function requireToStay(exchange: RootExchange, what: string): void {
  const own = new KeptPaths([exchange.directory]);
  const parts = { Node: process.execPath, shale: import.meta.filename };
  for (const [part, path] of Object.entries(parts)) {
    if (path === undefined || own.covers(path)) continue;
    throw new NotInContainerError(`${what}: ${part} is at ${path}, outside of ${exchange.directory}`, {
      hint: `Run shale's own image, or a shale that is in ${exchange.directory} with its Node.`,
    });
  }
}

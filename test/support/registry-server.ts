// A real schema registry for the tests of one file.

import { type RegistryOptions, type RegistryServer, startRegistry } from '../../deploy/local-stack/registry.ts';
import type { Owner } from './kafka-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export { needsServers } from './kafka-server.ts';

/** Starts an empty registry, stopped when its owner ends. Takes about six seconds: once per file. */
export async function registryServer(owner: Owner, options: Partial<RegistryOptions> = {}): Promise<RegistryServer> {
  const registry = await startRegistry({ directory: temporaryDirectory(), ...options });
  owner.after(() => registry.stop());
  return registry;
}

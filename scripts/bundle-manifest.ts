import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  version: string;
  readonly server: { readonly mcp_config: { readonly env: Readonly<Record<string, string>> } };
  readonly user_config: Readonly<Record<string, { readonly sensitive?: boolean }>>;
  readonly compatibility: { readonly runtimes: { node: string } };
}

/** `packaging/mcpb-manifest.json`, with the version and the Node of package.json. */
export function bundleManifest({
  version,
  engines,
}: {
  version: string;
  engines: { node: string };
}): Manifest {
  const file = join(import.meta.dirname, '../packaging/mcpb-manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  manifest.version = version;
  manifest.compatibility.runtimes.node = engines.node;
  return manifest;
}

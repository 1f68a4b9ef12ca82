/** How a command gets a node: `main.ts` hands it in, because only `node.ts` knows every part. */
import type { Environment } from '../settings/load.js';
import type { Settings } from '../settings/schema.js';

export interface RunningNode {
  readonly version: string;
  readonly dicomPort: number;
  readonly httpPort: number;
  stop(): Promise<void>;
}

export type StartNode = (settings: Settings, environment: Environment) => Promise<RunningNode>;

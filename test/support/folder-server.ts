/** A DICOMweb server over files in a folder, for tests that need no node behind it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { closeConnections } from '../../src/dicomweb/client/http.js';
import type { DicomWebEndpoint } from '../../src/dicomweb/client/types.js';
import { dicomWebRouter, type DicomWebRouterOptions } from '../../src/dicomweb/server/router.js';
import { loggerOf, setLogLevel } from '../../src/foundation/log.js';
import { FolderArchive } from './folder-archive.js';

/** The DICOMweb face before a folder of files, on a port of its own. */
export interface FolderServer {
  readonly archive: FolderArchive;
  readonly folder: string;
  readonly base: string;
  readonly endpoint: DicomWebEndpoint;
  close(): Promise<void>;
}

/** Starts one in an empty temp folder, which `close` removes; on a free port if none is given. */
export async function startFolderServer(options: Partial<DicomWebRouterOptions> = {}, port = 0): Promise<FolderServer> {
  setLogLevel('silent');
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-dicomweb-server-'));
  const archive = new FolderArchive(folder);
  const app = express().use('/dicom-web', dicomWebRouter(archive, { log: loggerOf('dicomweb'), ...options }));
  const server: Server = createServer(app).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/dicom-web`;
  const endpoint = { url: base, timeoutMs: 20_000 };
  return {
    archive,
    folder,
    base,
    endpoint,
    close: async () => {
      closeConnections(endpoint);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

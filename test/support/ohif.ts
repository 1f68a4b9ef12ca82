/** OHIF, the viewer that set-up fetches, served beside a node's DICOMweb under one origin, in Debian's Chromium. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { missingTools } from './tools.js';

const DIST = join('.cache/ohif-3.13.2', 'dist');
const CHROMIUM = '/usr/bin/chromium';
const BROWSER_ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** The viewer's settings: the node is its only source, and nothing asks the person at the screen. */
const APP_CONFIG = `window.config = {
  routerBasename: null, extensions: [], modes: [], showStudyList: true, maxNumberOfWebWorkers: 2,
  disableConfirmationPrompts: true, investigationalUseDialog: { option: 'never' },
  defaultDataSourceName: 'anteroom',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'anteroom',
    configuration: {
      friendlyName: 'Anteroom', name: 'anteroom', qidoRoot: '/dicom-web', wadoRoot: '/dicom-web', wadoUriRoot: '/dicom-web',
      qidoSupportsIncludeField: true, supportsFuzzyMatching: true, supportsWildcard: true, supportsReject: false, supportsStow: true,
      imageRendering: 'wadors', thumbnailRendering: 'thumbnail', enableStudyLazyLoad: true, bulkDataURI: { enabled: true },
    },
  }],
};`;

/** What is missing on this machine, for `describeWith`. */
export function missingForOhif(): string[] {
  return [...(existsSync(join(DIST, 'index.html')) ? [] : ['OHIF (npm test fetches it)']), ...missingTools('chromium')];
}

/** Starts a headless browser; the caller closes it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGS });
}

export interface ViewerServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the viewer, and the node's DICOMweb below /dicom-web of the same origin. */
export async function serveViewer(node: { readonly httpPort: number }): Promise<ViewerServer> {
  const server = createServer((incoming, response) => {
    const path = new URL(incoming.url ?? '/', 'http://localhost').pathname;
    if (path.startsWith('/dicom-web')) passOn(incoming, response, node.httpPort);
    else if (path === '/app-config.js') response.setHeader('Content-Type', TYPES['.js']).end(APP_CONFIG);
    else sendFile(path, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Every path that is no file is a page of the viewer's own. */
function sendFile(path: string, response: ServerResponse): void {
  const wanted = join(DIST, normalize(path));
  const file = extname(path) !== '' && existsSync(wanted) ? wanted : join(DIST, 'index.html');
  response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream').end(readFileSync(file));
}

/** The Host header stays the browser's, so that the node's URLs lead back here. */
function passOn(incoming: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = incoming;
  const outgoing = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

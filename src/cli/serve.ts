/** `anteroom serve`: the node itself, until it is told to stop. */
import type { Command } from 'commander';
import { logToFile, setLogLevel } from '../foundation/log.js';
import type { StartNode } from './node-starter.js';
import { settingsFor, withCommonOptions, type CommonOptions } from './options.js';
import { line } from './print.js';

/** Adds `serve`. */
export function addServeCommand(program: Command, startNode: StartNode): void {
  withCommonOptions(program.command('serve').description('starts the node')).action(async (options: CommonOptions) => {
    const settings = settingsFor(options);
    setLogLevel(settings.log.level);
    if (settings.log.file !== undefined) logToFile(settings.log.file);
    const node = await startNode(settings, process.env);
    line(
      `Anteroom ${node.version} receives DICOM as ${settings.dimse.aeTitle} on ${settings.dimse.host}:${node.dicomPort}; DICOMweb at http://${settings.http.host}:${node.httpPort}/dicom-web`,
    );
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    });
    line('stopping; models that run go on and are found again at the next start');
    await node.stop();
  });
}

/** `anteroom models scaffold`: a new package around an ONNX file. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { AnteroomError } from '../foundation/errors.js';
import { makeFolders } from '../foundation/folders.js';
import { scaffoldFiles, type TensorFacts } from '../models/scaffold.js';
import { runKit } from './kit-process.js';
import { withCommonOptions } from './options.js';
import { line } from './print.js';

/** Adds `models scaffold`. */
export function addScaffoldCommand(models: Command): void {
  withCommonOptions(models.command('scaffold').description('writes a new model package around an ONNX file, with everything to fill in'))
    .argument('<name>', 'name of the model, and of the folder that is made')
    .requiredOption('--onnx <file>', 'the network')
    .option('--modality <code>', 'Modality of the series that it is for', 'CT')
    .option('--into <folder>', 'where the folder is made', '.')
    .action(async (name: string, options: { onnx: string; modality: string; into: string }) => {
      if (!/^[a-z0-9_]+$/.test(name)) throw new AnteroomError('USAGE', `"${name}" is no name of lower-case letters, digits and "_"`);
      const folder = join(options.into, name);
      if (existsSync(folder)) throw new AnteroomError('USAGE', `${folder} is there already`);
      const { input, output } = await tensorsOf(options.onnx);
      const weightsFile = `weights/${name}.onnx`;
      const sha256 = createHash('sha256').update(readFileSync(options.onnx)).digest('hex');
      const files = scaffoldFiles({ name, weightsFile, sha256, input, output, modality: options.modality });
      for (const [path, text] of Object.entries(files)) {
        makeFolders(dirname(join(folder, path)));
        writeFileSync(join(folder, path), text);
      }
      makeFolders(join(folder, 'weights'));
      copyFileSync(options.onnx, join(folder, weightsFile));
      line(
        `${folder}: fill in config/default.yml and meta.json (look for FILL IN), then \`anteroom models lint ${folder} --no-image\` and \`models pack ${folder}\``,
      );
    });
}

/** @throws AnteroomError MODEL_INVALID where it has not one input and one output, or is no network */
async function tensorsOf(file: string): Promise<{ input: TensorFacts; output: TensorFacts }> {
  const { exitCode, printed } = await runKit(['--inspect', file]);
  if (exitCode !== 0) throw new AnteroomError('MODEL_INVALID', `${file} cannot be read as an ONNX network: the kit says why above`);
  const { inputs, outputs } = JSON.parse(printed) as { inputs: TensorFacts[]; outputs: TensorFacts[] };
  const names = (tensors: readonly TensorFacts[]) => tensors.map((tensor) => tensor.name).join(', ');
  if (inputs.length !== 1 || outputs.length === 0)
    throw new AnteroomError(
      'MODEL_INVALID',
      `${file} has the inputs ${names(inputs)} and the outputs ${names(outputs)}, expected one input`,
    );
  if (outputs.length > 1) line(`of its outputs ${names(outputs)} the first is taken; config/default.yml can name another`);
  return { input: inputs[0], output: outputs[0] };
}

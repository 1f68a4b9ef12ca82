/** The subcommands; started by `anteroom.cts`. */
import { Command } from 'commander';
import { addAccountCommand } from './cli/account.js';
import { addActionCommands } from './cli/actions.js';
import { addBackupCommands } from './cli/backup.js';
import { addCompareCommand } from './cli/compare.js';
import { addDemoCommand } from './cli/demo.js';
import { addDoctorCommand } from './cli/doctor.js';
import { reportFailure } from './cli/failure.js';
import { addExplainCommand } from './cli/explain.js';
import { addFetchCommand } from './cli/fetch.js';
import { addKeepingCommands } from './cli/keeping.js';
import { addKitCommands } from './cli/kit.js';
import { addListCommands } from './cli/lists.js';
import { addModelCommands } from './cli/models.js';
import { addReproduceCommand } from './cli/reproduce.js';
import { addRerouteCommand } from './cli/reroute.js';
import { addPauseCommands } from './cli/pause.js';
import { addRulesCommands } from './cli/rules.js';
import { addSendCommand } from './cli/send.js';
import { addServeCommand } from './cli/serve.js';
import { addSettingsCommand } from './cli/settings.js';
import { addVerifyCommand } from './cli/verify.js';
import { startNode } from './node.js';
import { nodeVersion } from './foundation/version.js';

const program = new Command('anteroom')
  .description('The AI node in front of the reading room: studies in over DICOM, models chosen by rules, results back to the PACS.')
  .version(nodeVersion())
  .showHelpAfterError('(see --help)');

addServeCommand(program, startNode);
addSendCommand(program);
addFetchCommand(program);
addListCommands(program);
addExplainCommand(program);
addAccountCommand(program);
addActionCommands(program);
addReproduceCommand(program);
addCompareCommand(program);
addRerouteCommand(program);
addPauseCommands(program);
addKeepingCommands(program);
addModelCommands(program);
addKitCommands(program);
addRulesCommands(program);
addDoctorCommand(program);
addVerifyCommand(program);
addBackupCommands(program);
addSettingsCommand(program);
addDemoCommand(program, startNode);

try {
  await program.parseAsync();
} catch (thrown) {
  reportFailure(thrown);
  process.exitCode = 1;
}

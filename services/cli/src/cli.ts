import { parseArguments } from './arguments.ts';
import { checkpointsAcceptCommand } from './checkpoints-accept.ts';
import type { Command } from './command.ts';
import { WrongUsage } from './errors.ts';
import { exportCommand } from './export.ts';
import type { Host } from './host.ts';
import { importCommand } from './import.ts';
import { keysExportCommand, keysImportCommand } from './keys-move.ts';
import { keysRotateCommand, keysStatusCommand } from './keys-online.ts';
import { proofCommand } from './proof.ts';
import { rebuildCommand } from './rebuild.ts';
import { replayCommand } from './replay.ts';
import { timelineCommand } from './timeline.ts';
import { verifyCommand } from './verify.ts';

/** In the order of the help. Those of a group stand together. */
const commands: readonly Command[] = [
  exportCommand,
  importCommand,
  rebuildCommand,
  timelineCommand,
  replayCommand,
  verifyCommand,
  proofCommand,
  checkpointsAcceptCommand,
  keysStatusCommand,
  keysRotateCommand,
  keysExportCommand,
  keysImportCommand,
];

const listed = (some: readonly Command[]): string =>
  some.map(({ name, summary }) => `  ${name.padEnd(20)}${summary}`).join('\n');

const help = `Signalbox, from the command line.

  signalbox COMMAND [OPTIONS]

${listed(commands)}

  signalbox COMMAND --help   what it does, its options, examples
  signalbox --version

In a clone of the repository, signalbox is called so:

  npm run --silent signalbox -- export --help

Data goes to standard output, everything else to standard error. Ends with 0 when it is done, 1 when it failed, 2 when it
was called wrongly.
`;

/** Runs what the arguments say; resolves with the exit code. */
export const run = async (host: Host): Promise<number> => {
  try {
    return await runCommand(host);
  } catch (error) {
    host.stderr(`${explained(error)}\n`);
    return error instanceof WrongUsage ? 2 : 1;
  }
};

const runCommand = async (host: Host): Promise<number> => {
  const [first, second] = host.args;
  if (isHelp(first)) {
    host.stdout.write(help);
    return 0;
  }
  if (first === '--version') {
    host.stdout.write(`${host.version}\n`);
    return 0;
  }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0 && isHelp(second)) {
    host.stdout.write(`signalbox ${first}:\n\n${listed(group)}\n\n  signalbox ${first} COMMAND --help\n`);
    return 0;
  }
  const { command, args } = group.length > 0 ? inGroup(first ?? '', group, host.args) : byName(host.args);
  if (args.some(isHelp)) {
    host.stdout.write(command.help);
    return 0;
  }
  await command.run(parseArguments(`signalbox ${command.name}`, command, args), host);
  return 0;
};

type Called = { readonly command: Command; readonly args: readonly string[] };

const byName = ([name, ...args]: readonly string[]): Called => {
  const names = [...new Set(commands.map((command) => command.name.split(' ')[0]))].join(', ');
  if (name === undefined) throw new WrongUsage(`Say what to do: ${names}. See signalbox --help.`);
  const command = commands.find((one) => one.name === name);
  if (!command) throw new WrongUsage(`There is no command “${name}”. There are ${names}. See signalbox --help.`);
  return { command, args };
};

const inGroup = (group: string, some: readonly Command[], [, name, ...args]: readonly string[]): Called => {
  const names = some.map((command) => command.name.slice(group.length + 1)).join(', ');
  const see = `See signalbox ${group} --help.`;
  if (name === undefined) throw new WrongUsage(`Say what to do with ${group}: ${names}. ${see}`);
  const command = some.find((one) => one.name === `${group} ${name}`);
  if (!command) throw new WrongUsage(`There is no command “${group} ${name}”. There are ${names}. ${see}`);
  return { command, args };
};

const isHelp = (argument: string | undefined): boolean => argument === '--help' || argument === '-h';

/** An error without a code is a mistake of ours: whoever mends it needs the place. */
const explained = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? error.message : (error.stack ?? error.message);
};

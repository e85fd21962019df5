import { parseOptions } from './arguments.ts';
import type { Command } from './command.ts';
import { WrongUsage } from './errors.ts';
import { exportCommand } from './export.ts';
import type { Host } from './host.ts';
import { importCommand } from './import.ts';
import { rebuildCommand } from './rebuild.ts';

const commands: readonly Command[] = [exportCommand, importCommand, rebuildCommand];

const help = `Signalbox, from the command line.

  signalbox COMMAND [OPTIONS]

${commands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}

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
  const [name, ...args] = host.args;
  if (name === '--help' || name === '-h') {
    host.stdout.write(help);
    return 0;
  }
  if (name === '--version') {
    host.stdout.write(`${host.version}\n`);
    return 0;
  }
  const names = commands.map((command) => command.name).join(', ');
  if (name === undefined) throw new WrongUsage(`Say what to do: ${names}. See signalbox --help.`);
  const command = commands.find((one) => one.name === name);
  if (!command) throw new WrongUsage(`There is no command “${name}”. There are ${names}. See signalbox --help.`);
  if (args.includes('--help') || args.includes('-h')) {
    host.stdout.write(command.help);
    return 0;
  }
  await command.run(parseOptions(`signalbox ${name}`, command.options, args), host);
  return 0;
};

/** An error without a code is a mistake of ours: whoever mends it needs the place. */
const explained = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? error.message : (error.stack ?? error.message);
};

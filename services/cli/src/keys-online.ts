import { z } from 'zod';
import type { Command } from './command.ts';
import { counted } from './progress.ts';
import { serverHelp, serverOf, serverOptions } from './server.ts';

const count = z.int().min(0);
const time = z.int().nullable();
const needs = z.array(z.object({ id: z.string(), epochs: count }));

const status = z.object({
  current: z.string(),
  masterKeys: needs,
  unneeded: z.array(z.string()),
  missing: needs,
  epochs: z.array(z.object({ id: z.string(), startsAt: time, endsAt: time, dataKeys: count, masterKey: z.string() })),
});

const rotation = z.object({ to: z.string(), rewrapped: count, total: count });

const statusHelp = `signalbox keys status: which master keys are still needed, and by what.

  signalbox keys status [--server URL] [--data-dir DIR] [--json]

${serverHelp}

  --json           what the server answers, for programs: with each epoch, its times (epoch milliseconds), how many keys
                   it has and which master key wraps it

A master key is shown by a name that tells nothing of it. One that no epoch needs may be taken out of
SIGNALBOX_MASTER_KEYS.

Examples:

  npm run --silent signalbox -- keys status
  npm run --silent signalbox -- keys status --server https://signal.example.org --json

Ends with 0 when nothing is amiss; 1 when it failed, or when epochs need a master key that the server has not; 2 when it
was called wrongly.
`;

const rotateHelp = `signalbox keys rotate: wraps every key by the first of the master keys, while the server serves.

  signalbox keys rotate [--server URL] [--data-dir DIR] [--json]

${serverHelp}

  --json           what the server answers, for programs

First put the new key in front of the old one in SIGNALBOX_MASTER_KEYS, and restart the server. Where several processes
share the keys, put it behind the old one everywhere, and then in front: so none meets a key that it cannot unwrap. The
log stays as it is: it is sealed by keys of its own, and those are wrapped anew. May be run again at any time.

Examples:

  npm run --silent signalbox -- keys rotate
  npm run --silent signalbox -- keys rotate && npm run --silent signalbox -- keys status

Ends with 0 when it is done; 1 when it failed; 2 when it was called wrongly.
`;

const options = { ...serverOptions, json: 'flag' } as const;

export const keysStatusCommand: Command = {
  name: 'keys status',
  summary: 'which master keys are still needed, and by what',
  help: statusHelp,
  options,
  run: async (given, host) => {
    const answer = await serverOf(given, host).json('/v1/admin/keys', status);
    host.stdout.write(given.flag('json') ? `${JSON.stringify(answer)}\n` : told(answer));
    if (answer.missing.length > 0) {
      throw new MissingKeys(answer.missing.reduce((sum, { epochs }) => sum + epochs, 0));
    }
  },
};

export const keysRotateCommand: Command = {
  name: 'keys rotate',
  summary: 'wraps every key by the first of the master keys',
  help: rotateHelp,
  options,
  run: async (given, host) => {
    const answer = await serverOf(given, host).json('/v1/admin/keys/rotations', rotation, { method: 'POST' });
    if (given.flag('json')) {
      host.stdout.write(`${JSON.stringify(answer)}\n`);
      return;
    }
    const { to, rewrapped, total } = answer;
    host.stdout.write(
      rewrapped === 0
        ? `Nothing to do: master key ${to} wraps all that it can (${counted(total, 'epoch')} in all).\n`
        : `Wrapped ${counted(rewrapped, 'epoch')} of ${total} by master key ${to}.\n`,
    );
  },
};

/** What the server seals with is not whole. */
class MissingKeys extends Error {
  readonly code = 'MISSING_KEYS';
  constructor(epochs: number) {
    super(
      `${counted(epochs, 'epoch')} can’t be read: put the missing master keys back into SIGNALBOX_MASTER_KEYS, behind the current one.`,
    );
    this.name = 'MissingKeys';
  }
}

const told = ({ current, masterKeys, unneeded, missing, epochs }: z.infer<typeof status>): string => {
  const roleOf = (id: string): string => {
    if (id === current) return 'wraps what is new';
    return unneeded.includes(id) ? 'not needed: may be removed' : 'still needed: signalbox keys rotate';
  };
  const rows = [
    ...masterKeys.map(({ id, epochs }) => [id, counted(epochs, 'epoch'), roleOf(id)]),
    ...missing.map(({ id, epochs }) => [id, counted(epochs, 'epoch'), 'MISSING from SIGNALBOX_MASTER_KEYS']),
  ];
  const wide = Math.max(...rows.map(([, count = '']) => count.length));
  const lines = rows.map(([id, count = '', role]) => `  ${id}  ${count.padStart(wide)}  ${role}\n`);
  const keys = epochs.reduce((sum, { dataKeys }) => sum + dataKeys, 0);
  return `Master keys:\n${lines.join('')}${counted(keys, 'key')} in ${counted(epochs.length, 'epoch')}.\n`;
};

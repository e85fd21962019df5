import { keysApi } from '@signalbox/contracts';
import type { z } from 'zod';
import type { Command } from './command.ts';
import { counted, shown } from './progress.ts';
import { serverHelp, serverOf, serverOptions } from './server.ts';

type Status = z.infer<typeof keysApi.status>;

const statusHelp = `signalbox keys status: which master keys are still needed, and by what; how full the key store is.

  signalbox keys status [--server URL] [--data-dir DIR] [--json]

${serverHelp}

  --json           what the server answers, for programs: with each epoch, its times (epoch milliseconds), how many keys
                   it has and which master key wraps it

A master key is shown by a name that tells nothing of it. One that nothing needs may be taken out of
SIGNALBOX_MASTER_KEYS. Credentials that were issued before payloads were sealed need the master key of that time, and
“keys rotate” does not change that: it is needed until they have ended, or their owners have rotated their secrets.

Examples:

  npm run --silent signalbox -- keys status
  npm run --silent signalbox -- keys status --server https://signal.example.org --json

Ends with 0 when nothing is amiss; 1 when it failed, or when something needs a master key that the server has not;
2 when it was called wrongly.
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
    const answer = await serverOf(given, host).json('/v1/admin/keys', keysApi.status);
    host.stdout.write(given.flag('json') ? `${JSON.stringify(answer)}\n` : told(answer));
    if (answer.missing.length > 0) throw new MissingKeys(answer.missing);
  },
};

export const keysRotateCommand: Command = {
  name: 'keys rotate',
  summary: 'wraps every key by the first of the master keys',
  help: rotateHelp,
  options,
  run: async (given, host) => {
    const answer = await serverOf(given, host).json('/v1/admin/keys/rotations', keysApi.rotation, { method: 'POST' });
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

type Needs = Status['missing'];

/** What the server seals with is not whole. */
class MissingKeys extends Error {
  readonly code = 'MISSING_KEYS';
  constructor(missing: Needs) {
    super(
      `${needsOf(summed(missing))} can’t be read: put the missing master keys back into SIGNALBOX_MASTER_KEYS, behind the ` +
        'current one.',
    );
    this.name = 'MissingKeys';
  }
}

const summed = (needs: Needs): Pick<Needs[number], 'epochs' | 'credentials'> => ({
  epochs: needs.reduce((sum, { epochs }) => sum + epochs, 0),
  credentials: needs.reduce((sum, { credentials }) => sum + credentials, 0),
});

const needsOf = ({ epochs, credentials }: Pick<Needs[number], 'epochs' | 'credentials'>): string => {
  const parts = [
    ...(epochs > 0 || credentials === 0 ? [counted(epochs, 'epoch')] : []),
    ...(credentials > 0 ? [counted(credentials, 'credential')] : []),
  ];
  return parts.join(' and ');
};

const told = ({ current, masterKeys, missing, epochs, unneeded, store }: Status): string => {
  const roleOf = ({ id, epochs, credentials }: Needs[number]): string => {
    if (id === current) return 'wraps what is new';
    if (unneeded.includes(id)) return 'not needed: may be removed';
    const rotate = 'still needed: signalbox keys rotate';
    const keep = 'until these credentials have ended or were rotated by their owners';
    if (credentials === 0) return rotate;
    return epochs === 0 ? `still needed ${keep}` : `${rotate}; then still needed ${keep}`;
  };
  const rows = [
    ...masterKeys.map((one) => [one.id, needsOf(one), roleOf(one)]),
    ...missing.map((one) => [one.id, needsOf(one), 'MISSING from SIGNALBOX_MASTER_KEYS']),
  ];
  const wide = Math.max(...rows.map(([, count = '']) => count.length));
  const lines = rows.map(([id, count = '', role]) => `  ${id}  ${count.padStart(wide)}  ${role}\n`);
  const keys = epochs.reduce((sum, { dataKeys }) => sum + dataKeys, 0);
  return `Master keys:\n${lines.join('')}${counted(keys, 'key')} in ${counted(epochs.length, 'epoch')}. ${filled(store)}\n`;
};

const filled = ({ bytes, bound }: Status['store']): string =>
  bound === null
    ? `The key store takes ${counted(bytes, 'byte')}.`
    : `The key store takes ${shown(bytes)} of ${counted(bound, 'byte')}: ${Math.floor((100 * bytes) / bound)} %.`;

import { auditApi } from '@signalbox/contracts';
import type { Command } from './command.ts';
import { WrongUsage } from './errors.ts';
import { serverHelp, serverOf, serverOptions } from './server.ts';

const help = `signalbox checkpoints accept: has a log signed again that is not what was signed before.

  signalbox checkpoints accept --reason TEXT [--server URL] [--data-dir DIR]

  --reason TEXT    why the log may go on as it is; recorded in it, with who accepted it (500 characters at most)
${serverHelp}

A server signs no more checkpoints when it finds that its log is shorter than what it signed, or another one: after a
backup was restored, or because somebody has changed it. It goes on serving calls. Find out what happened first, and keep
the checkpoints of before (docs/runbooks/forensics.md): they verify no more against this log, and that is right.

Examples:

  npm run --silent signalbox -- checkpoints accept --reason 'restored from the backup of 2026-11-20, incident 42'

Ends with 0 when it is accepted; 1 when it failed, or when there is nothing to accept; 2 when it was called wrongly.
`;

export const checkpointsAcceptCommand: Command = {
  name: 'checkpoints accept',
  summary: 'has a log signed again that is not what was signed before',
  help,
  options: { ...serverOptions, reason: { takes: 'TEXT' } },
  run: async (given, host) => {
    const reason = given.text('reason')?.trim();
    if (!reason) throw new WrongUsage('--reason is missing: say why the log may go on as it is.');
    const path = '/v1/admin/checkpoints/acceptances';
    const request = { method: 'POST', body: { reason } } as const;
    const { contradiction } = await serverOf(given, host).json(path, auditApi.acceptance.answer, request);
    host.stdout.write(`Accepted, although ${contradiction}.\nCheckpoints are signed again.\n`);
  },
};

import { existsSync, writeFileSync } from 'node:fs';
import { sessionProof } from '@signalbox/contracts';
import { checkProof } from '@signalbox/evidence';
import type { Command } from './command.ts';
import { Failure } from './errors.ts';
import { counted } from './progress.ts';
import { serverHelp, serverOf, serverOptions } from './server.ts';

const help = `signalbox proof: writes one file that shows what happened in a session, to anyone, offline.

  signalbox proof SESSION [--out FILE] [--server URL] [--data-dir DIR]

  --out FILE       a new file; SESSION.proof.json unless given
${serverHelp}

The file holds the events of the session as they are stored, the requests' signatures among them, what leads from each to
a checkpoint of the log, the signed checkpoint, and the public key. It is checked before it is written. Payloads stay
sealed in it. tools/verify checks it too, without any code of Signalbox.

Examples:

  npm run --silent signalbox -- proof 5d0a4c1e --out call.proof.json
  node tools/verify/verify.mjs call.proof.json

Ends with 0 when the file is written; 1 when it failed; 2 when it was called wrongly.
`;

export const proofCommand: Command = {
  name: 'proof',
  summary: 'writes one file that shows what happened in a session',
  help,
  positionals: ['SESSION'],
  options: { out: { takes: 'FILE' }, ...serverOptions },
  run: async (given, host) => {
    const session = given.positional('SESSION');
    const out = given.text('out') ?? `${session.replace(/[^\w.-]/g, '_')}.proof.json`;
    if (existsSync(out)) throw new Failure(`${out} is there already, and is left alone.`);
    const server = serverOf(given, host);
    const bundle = await server.json(`/v1/audit/sessions/${encodeURIComponent(session)}/proof`, sessionProof);
    const { valid, problem, position, proven, newer } = checkProof(bundle);
    if (!valid) {
      throw new Failure(
        `The server has sent a proof that does not hold: ${problem}${position === null ? '' : ` (position ${position})`}. ` +
          'Look at its log with “signalbox verify”.',
      );
    }
    writeFileSync(out, `${JSON.stringify(bundle, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
    const later = newer === 0 ? '' : `; ${newer} came after its checkpoint: ask again in a second`;
    host.stderr(`Written to ${out}: ${counted(proven, 'event')} proven${later}.\n`);
  },
};

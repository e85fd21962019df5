/** What a person reads at the start. */

export const welcome = (facts: {
  readonly address: string;
  readonly dataDir: string;
  readonly madeKeys: readonly string[];
  readonly mode: 'development' | 'production';
  readonly version: string;
}): string => {
  const { address, dataDir, madeKeys, mode, version } = facts;
  const keys = madeKeys.length > 0 ? `\nMade keys for development, readable by you alone: ${madeKeys.join(', ')}` : '';
  const head = `\nSignalbox ${version} (${mode}) is listening on ${address}\nIts data is in ${dataDir}${keys}`;
  return mode === 'production' ? head : `${head}\n\n${firstSteps(address)}\n`;
};

/** Three lines that work as pasted, in this order, in any POSIX shell. */
const firstSteps = (address: string): string => `Try it: make a credential, publish an offer, discover it.

  TOKEN=$(curl -s -X POST ${address}/v1/credentials | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  curl -s -X POST ${address}/v1/sessions -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"tags":["chat"],"ttlMs":600000,"offers":[{"sdp":"v=0 (your session description)"}]}' -w '\\n'
  curl -s '${address}/v1/sessions?tag=chat' -w '\\n'

${address} has a page to look at, ${address}/docs the reference. Stop with Ctrl-C.`;

export const help = `Signalbox: WebRTC signaling with a flight recorder.

Usage
  npm start                                  on http://127.0.0.1:3000, data in ./data
  SIGNALBOX_PORT=8080 npm start              on another port
  SIGNALBOX_DATA_DIR=/var/lib/signalbox npm start
  SIGNALBOX_MODE=production npm start        refuses unsafe settings, and names all of them

Options
  --help       this text
  --version    the version

Everything is configured by the environment: docs/configuration.md lists each variable, .env.example is a start.
An unknown SIGNALBOX_ variable is an error. SIGINT or SIGTERM stops the server after what is in flight.
`;

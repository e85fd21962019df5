import { z } from 'zod';
import type { Command } from './command.ts';
import type { Host } from './host.ts';
import { painter, tame } from './paint.ts';
import { serverHelp, serverOf, serverOptions } from './server.ts';
import { entryLine, shortened, timeOf } from './tell-entry.ts';

const help = `signalbox timeline: what happened in a session, and why it did or did not connect.

  signalbox timeline SESSION [--server URL] [--data-dir DIR] [--json]

${serverHelp}

  --json           what the server answers, for programs: with each event’s payload, hash and signature

The verdict comes first, with the events that it rests on and what to try; then every event of the session with its time
(UTC) and who caused it; then what was refused. On a terminal it is coloured, unless NO_COLOR is set. Descriptions and
candidates, which hold addresses, are in the JSON only.

Examples:

  npm run --silent signalbox -- timeline 8d1f0c9e-…
  npm run --silent signalbox -- timeline 8d1f0c9e-… --json | jq .verdict

Ends with 0 when it is told; 1 when it failed, or when there is no such session; 2 when it was called wrongly.
`;

const entry = z.looseObject({
  position: z.int(),
  stream: z.string(),
  type: z.string(),
  at: z.int(),
  actor: z.string(),
  size: z.int(),
  payload: z.record(z.string(), z.unknown()).nullable(),
  readable: z.boolean(),
});

const timeline = z.looseObject({
  sessionId: z.string(),
  state: z.string(),
  offerer: z.string().nullable(),
  answerer: z.string().nullable(),
  entries: z.array(entry),
  refusals: z.array(
    z.looseObject({
      ...{ code: z.string(), operation: z.string(), identity: z.string().nullable(), count: z.int() },
      ...{ firstAt: z.int(), lastAt: z.int(), detail: z.string().nullable() },
    }),
  ),
  verdict: z.looseObject({
    outcome: z.string(),
    cause: z.string(),
    certain: z.boolean(),
    sentence: z.string(),
    evidence: z.array(z.looseObject({ position: z.int(), says: z.string() })),
    advice: z.array(z.string()),
    alternatives: z.array(z.string()),
    contradiction: z.string().nullable(),
  }),
});

type Timeline = z.infer<typeof timeline>;

export const timelineCommand: Command = {
  name: 'timeline',
  summary: 'what happened in a session, and why it did or did not connect',
  help,
  positionals: ['SESSION'],
  options: { ...serverOptions, json: 'flag' },
  run: async (given, host) => {
    const path = `/v1/audit/sessions/${encodeURIComponent(given.positional('SESSION'))}`;
    const answer = await serverOf(given, host).json(path, timeline);
    host.stdout.write(given.flag('json') ? `${JSON.stringify(answer)}\n` : told(answer, host));
  },
};

const OUTCOMES = { connected: 'green', failed: 'red', waiting: 'yellow' } as const;

const told = ({ sessionId, state, offerer, answerer, entries, refusals, verdict }: Timeline, host: Host): string => {
  const paint = painter(host);
  const who = (identity: string | null) => (identity === null ? 'nobody' : shortened(tame(identity)));
  const colour = OUTCOMES[verdict.outcome as keyof typeof OUTCOMES] ?? 'dim';
  const since = entries[0]?.at ?? 0;
  const lines = [
    `${paint('bold', `session ${tame(sessionId)}`)}: ${tame(state)}, offered by ${who(offerer)}, answered by ${who(answerer)}`,
    '',
    `${paint(colour, tame(verdict.outcome))} (${tame(verdict.cause)}${verdict.certain ? '' : ', likely'}): ${tame(verdict.sentence)}`,
    ...verdict.evidence.map(
      ({ position, says }) => `  because ${tame(says)} ${paint('dim', `(position ${position})`)}`,
    ),
    ...(verdict.contradiction === null ? [] : [`  ${paint('yellow', 'but')} ${tame(verdict.contradiction)}`]),
    ...verdict.advice.map((advice) => `  try: ${tame(advice)}`),
    ...(verdict.alternatives.length === 0 ? [] : [`  or it was: ${verdict.alternatives.map(tame).join(', ')}`]),
    '',
    ...entries.map((one) => entryLine(one, since, paint)),
    ...(refusals.length === 0 ? [] : ['', paint('bold', 'refused')]),
    ...refusals.map(
      ({ count, code, operation, identity, firstAt, lastAt, detail }) =>
        `  ${count} × ${paint('red', tame(code))} (${tame(operation)}) to ${identity === null ? 'somebody' : who(identity)}, ` +
        `${timeOf(firstAt)}${lastAt === firstAt ? '' : ` to ${timeOf(lastAt)}`}${detail === null ? '' : `: ${tame(detail)}`}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
};

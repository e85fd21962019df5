import { type Paint, tame } from './paint.ts';

/** What a line tells of an event: an `Entry` of the audit API, or as much of one. */
export type ToldEntry = {
  readonly position: number;
  readonly stream: string;
  readonly type: string;
  readonly at: number;
  readonly actor: string;
  readonly size: number;
  readonly payload: Readonly<Record<string, unknown>> | null;
  readonly readable: boolean;
};

const MAX_ACTOR = 24;

/** `2026-11-20 10:04:05.123`, in UTC. */
export const timeOf = (epochMs: number): string => new Date(epochMs).toISOString().replace('T', ' ').slice(0, -1);

/** One line for one event. `since`: what its time is told from, epoch milliseconds. */
export const entryLine = (entry: ToldEntry, since: number, paint: Paint): string => {
  const offset = `+${((entry.at - since) / 1_000).toFixed(3)} s`.padStart(12);
  const type = entry.type.padEnd(20);
  const coloured = ENDS.has(entry.type) ? paint('yellow', type) : paint('cyan', type);
  const said = entry.readable ? says(entry) : paint('dim', `sealed, ${entry.size} bytes: its key is gone or elsewhere`);
  const actor = shortened(tame(entry.actor)).padEnd(MAX_ACTOR);
  return `${paint('dim', timeOf(entry.at))} ${paint('dim', offset)}  ${coloured} ${actor} ${said}`.trimEnd();
};

const ENDS: ReadonlySet<string> = new Set([
  'SessionWithdrawn',
  'SessionExpired',
  'SessionRedacted',
  'CredentialRevoked',
  'CredentialExpired',
  'CredentialRedacted',
]);

/** A public key is told by its beginning. */
export const shortened = (identity: string): string =>
  identity.length > MAX_ACTOR ? `${identity.slice(0, MAX_ACTOR - 1)}…` : identity;

/** Descriptions and candidates are told by their size: they hold addresses, and fill a terminal. */
const says = ({ type, payload, size }: ToldEntry): string => {
  if (payload === null) return '';
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const names = (value: unknown) =>
    list(value)
      .map((name) => tame(String(name)))
      .join(', ');
  switch (type) {
    case 'OfferPublished':
      return `tags ${names(payload.tags) || 'none'}; ${size} bytes`;
    case 'SessionRetagged':
      return `tags ${names(payload.tags)}`;
    case 'OfferAnswered':
      return `${size} bytes`;
    case 'CandidatesAdded':
    case 'CandidatesHeld':
      return `${list(payload.candidates).length} candidates${payload.role ? ` of the ${tame(String(payload.role))}` : ''}`;
    case 'DeliveriesRecorded':
      return list(payload.deliveries)
        .map((one) => {
          const { to, what, upTo } = one as { readonly to: string; readonly what: string; readonly upTo: number };
          return `${tame(what)} to ${shortened(tame(to))}${what === 'candidates' ? ` (${upTo})` : ''}`;
        })
        .join(', ');
    case 'RefusalsCounted':
      return list(payload.refusals)
        .map((one) => {
          const { count, code, identity } = one as {
            readonly count: number;
            readonly code: string;
            readonly identity: string;
          };
          return `${count} × ${tame(code)} to ${shortened(tame(identity ?? 'somebody'))}`;
        })
        .join(', ');
    case 'ConnectionReported':
      return `${tame(String(payload.outcome))}, as the ${tame(String(payload.role))} says`;
    case 'ObservationsDropped':
      return `what was noticed of ${tame(String(payload.sessions))} sessions was dropped`;
    default:
      return Object.entries(payload)
        .filter(([name, value]) => typeof value === 'string' && !/At$/.test(name))
        .map(([name, value]) => `${name} ${tame(String(value)).slice(0, 60)}`)
        .join(', ');
  }
};

import { accept, type Decider, type Decision, reject } from '@signalbox/event-sourcing';
import type { Role } from '../session/events.ts';
import type { ConnectionReport, Delivery, ObservationEvent, Refusal } from './events.ts';

/** Whether this may be the first that is recorded of the session: it may once the log was asked that it is not redacted. */
type MayBegin = { readonly mayBegin: boolean };

export type ObservationCommand = MayBegin &
  (
    | {
        readonly type: 'RecordObservations';
        /** Null: it was not shown. */
        readonly discovered: { readonly firstShownAt: number; readonly times: number } | null;
        readonly deliveries: readonly Delivery[];
        readonly refusals: readonly Refusal[];
        readonly now: number;
      }
    | {
        readonly type: 'ReportConnection';
        readonly by: string;
        readonly role: Role;
        readonly report: ConnectionReport;
        readonly now: number;
      }
  );

export type ObservationRejection =
  | { readonly code: 'too_many_reports'; readonly limit: number }
  /** Nothing is recorded of it so far, and this may not be the first. */
  | { readonly code: 'offer_not_found' };

/** How far each party has come, and how much was written: what keeps the stream small, whoever asks for what. */
export type Observations = {
  readonly discovered: boolean;
  /** `<role>/<what>` and the largest `upTo` that was recorded. */
  readonly delivered: Readonly<Record<string, number>>;
  readonly deliveryEvents: number;
  readonly refusalEvents: number;
  /** By identity. */
  readonly reports: ReadonlyMap<string, readonly ConnectionReport[]>;
};

/** Events of deliveries and of refusals that one session gets at most. */
export const MAX_DELIVERY_EVENTS = 64;
export const MAX_REFUSAL_EVENTS = 16;
/** Reports that one party gives at most. */
export const MAX_REPORTS = 4;

type ObservationDecision = Decision<ObservationEvent, ObservationRejection>;
type Command<T extends ObservationCommand['type']> = Extract<ObservationCommand, { readonly type: T }>;

const placeOf = ({ role, what }: Delivery): string => `${role}/${what}`;

const record = (c: Command<'RecordObservations'>, s: Observations): ObservationDecision => {
  const events: ObservationEvent[] = [];
  if (c.discovered && !s.discovered) events.push({ type: 'OfferDiscovered', data: c.discovered });
  const deliveries = c.deliveries.filter((one) => one.upTo > (s.delivered[placeOf(one)] ?? 0));
  if (deliveries.length > 0 && s.deliveryEvents < MAX_DELIVERY_EVENTS) {
    events.push({ type: 'DeliveriesRecorded', data: { deliveries, recordedAt: c.now } });
  }
  if (c.refusals.length > 0 && s.refusalEvents < MAX_REFUSAL_EVENTS) {
    events.push({ type: 'RefusalsCounted', data: { refusals: c.refusals, recordedAt: c.now } });
  }
  return accept(...events);
};

const report = (c: Command<'ReportConnection'>, s: Observations): ObservationDecision => {
  const before = s.reports.get(c.by) ?? [];
  const last = before.at(-1);
  if (last && sameReport(last, c.report)) return accept();
  if (before.length >= MAX_REPORTS) return reject({ code: 'too_many_reports', limit: MAX_REPORTS });
  return accept({
    type: 'ConnectionReported',
    data: { ...c.report, by: c.by, role: c.role, reportedAt: c.now },
  });
};

const sameReport = (a: ConnectionReport, b: ConnectionReport): boolean =>
  a.outcome === b.outcome &&
  a.localCandidateType === b.localCandidateType &&
  a.remoteCandidateType === b.remoteCandidateType &&
  a.roundTripTimeMs === b.roundTripTimeMs &&
  a.iceConnectionState === b.iceConnectionState &&
  a.iceGatheringState === b.iceGatheringState &&
  a.connectionState === b.connectionState;

const evolve = (s: Observations, event: ObservationEvent): Observations => {
  switch (event.type) {
    case 'OfferDiscovered':
      return { ...s, discovered: true };
    case 'DeliveriesRecorded': {
      const delivered: Record<string, number> = { ...s.delivered };
      for (const one of event.data.deliveries) {
        delivered[placeOf(one)] = Math.max(one.upTo, delivered[placeOf(one)] ?? 0);
      }
      return { ...s, delivered, deliveryEvents: s.deliveryEvents + 1 };
    }
    case 'RefusalsCounted':
      return { ...s, refusalEvents: s.refusalEvents + 1 };
    case 'ConnectionReported': {
      const { by, role: _role, reportedAt: _at, ...given } = event.data;
      return { ...s, reports: new Map([...s.reports, [by, [...(s.reports.get(by) ?? []), given]]]) };
    }
  }
};

const isNothing = (s: Observations): boolean =>
  !s.discovered && s.deliveryEvents === 0 && s.refusalEvents === 0 && s.reports.size === 0;

const decide = (c: ObservationCommand, s: Observations): ObservationDecision => {
  const decision = c.type === 'ReportConnection' ? report(c, s) : record(c, s);
  const begins = decision.kind === 'accepted' && decision.events.length > 0 && isNothing(s);
  return begins && !c.mayBegin ? reject({ code: 'offer_not_found' }) : decision;
};

/** What was seen around one session; the id is the session's. Nothing is served from it, so it keeps no stream alive. */
export const observation: Decider<ObservationCommand, Observations, ObservationEvent, ObservationRejection> = {
  category: 'observation',
  initial: { discovered: false, delivered: {}, deliveryEvents: 0, refusalEvents: 0, reports: new Map() },
  decide,
  evolve,
  isTerminal: () => true,
};

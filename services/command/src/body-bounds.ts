/**
 * How many bytes a body may have, so that none which can't be meant is read and parsed. Publishing takes as many as the
 * configuration allows.
 */

/** A few short fields. */
export const SMALL_BODY = 64 * 1024;

/** One SDP, or the candidates of one request, by default limits and with every character escaped. */
export const SESSION_BODY = 1024 * 1024;

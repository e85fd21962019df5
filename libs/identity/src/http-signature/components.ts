import { fieldOf, type SignedRequest } from './request.ts';
import type { Component } from './structured-fields.ts';

/** Why a component that the signature covers has no value here. */
export type NoValue = { readonly why: string };

/**
 * The value of a covered component (RFC 9421, section 2). Every value is one line of printable ASCII, so that no value
 * can pass for another line of the text that is signed.
 */
export const componentValue = (request: SignedRequest, component: Component): string | NoValue => {
  const value = component.name.startsWith('@') ? derived(request, component) : field(request, component);
  if (typeof value !== 'string') return value;
  return /[^\t -~]/.test(value) ? { why: 'holds a character that is not printable ASCII' } : value;
};

const field = (request: SignedRequest, component: Component): string | NoValue => {
  if (component.params.size > 0) return { why: 'has parameters, which are not supported on a header field' };
  return fieldOf(request.headers, component.name) ?? { why: 'is not in the request' };
};

const derived = (request: SignedRequest, component: Component): string | NoValue => {
  if (component.name === '@query-param') return queryParameter(target(request).query, component);
  if (component.params.size > 0) return { why: 'has parameters that it cannot have in a request' };
  switch (component.name) {
    case '@method':
      return request.method;
    case '@target-uri':
      return request.targetUri;
    case '@scheme':
      return target(request).scheme;
    case '@authority':
      return target(request).authority;
    case '@path':
      return target(request).path;
    case '@query':
      return target(request).query;
    case '@request-target': {
      const { path, query } = target(request);
      return query === '?' ? path : path + query;
    }
    default:
      return { why: 'is not a component of a request' };
  }
};

type Target = {
  readonly scheme: string;
  /** Lower-case, without the port that the scheme implies. */
  readonly authority: string;
  readonly path: string;
  /** With its question mark, which is all there is when there is no query. */
  readonly query: string;
};

const target = (request: SignedRequest): Target => {
  const [, scheme = '', authority = '', path = '', query = ''] =
    /^([^:/?#]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/.exec(request.targetUri) ?? [];
  const impliedPort = scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/;
  return {
    scheme: scheme.toLowerCase(),
    authority: authority.toLowerCase().replace(impliedPort, ''),
    path: path || '/',
    query: query || '?',
  };
};

/** The parameter is read as a form is, and written again with percent signs for whatever needs them (section 2.2.8). */
const queryParameter = (query: string, component: Component): string | NoValue => {
  const wanted = component.params.get('name');
  if (typeof wanted !== 'string' || component.params.size !== 1)
    return { why: 'needs the parameter name and no other' };
  const values = Array.from(new URLSearchParams(query)).filter(([name]) => percentEncoded(name) === wanted);
  const [first, ...others] = values;
  if (!first) return { why: 'is not in the query' };
  return others.length > 0 ? { why: 'is in the query more than once' } : percentEncoded(first[1]);
};

const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

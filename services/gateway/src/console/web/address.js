/** @import { Place } from './shapes.ts' */

/** Where the page is, by what its address says after `#`. What it does not know is the search. @param {string} hash @returns {Place} */
export const readAddress = (hash) => {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const params = new URLSearchParams(query);
  const [view, rest] = path.split('/', 2);
  if (view === 'session' && rest) {
    const at = Number(params.get('at') ?? Number.NaN);
    return { view, id: decoded(rest), at: Number.isSafeInteger(at) ? at : null, event: params.get('event') };
  }
  if (view === 'tail' || view === 'health') return { view };
  if (view === 'discovery') return { view, tag: params.get('tag') ?? '', at: params.get('at') ?? '' };
  return { view: 'search', text: params.get('q') ?? '' };
};

/** The address of a place, so that it can be kept as a bookmark or sent to somebody. @param {Place} place */
export const addressOf = (place) => {
  switch (place.view) {
    case 'session': {
      const { id, at, event } = place;
      return `#/session/${encodeURIComponent(id)}${queryOf({ at: at === null ? '' : String(at), event: event ?? '' })}`;
    }
    case 'search':
      return `#/${queryOf({ q: place.text })}`;
    case 'discovery':
      return `#/discovery${queryOf({ tag: place.tag, at: place.at })}`;
    default:
      return `#/${place.view}`;
  }
};

/** @param {Readonly<Record<string, string>>} given */
const queryOf = (given) => {
  const params = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ''));
  return params.size === 0 ? '' : `?${params}`;
};

/** @param {string} text */
const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

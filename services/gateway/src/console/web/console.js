import { h } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { addressOf } from './address.js';
import { createApi } from './api.js';
import { DiscoveryView } from './discovery-view.js';
import { HealthView } from './health-view.js';
import { usePlace } from './hooks.js';
import { SearchView } from './search-view.js';
import { SessionView } from './session-view.js';
import { SignIn } from './sign-in.js';
import { TailView } from './tail-view.js';

/** @import { Api, ApiError } from './api.js' */
/** @import { Browser, Place } from './shapes.ts' */

/** The key is kept for this tab alone, and is gone with it. */
const KEY = 'signalbox-audit-key';

/** @type {readonly (readonly [string, Place])[]} */
const VIEWS = [
  ['Calls', { view: 'search', text: '' }],
  ['Live log', { view: 'tail' }],
  ['Discovery', { view: 'discovery', tag: '', at: '' }],
  ['Health', { view: 'health' }],
];

/** @param {{ readonly browser: Browser }} props */
export const Console = ({ browser }) => {
  const [key, setKey] = useState(browser.storage.getItem(KEY));
  const place = usePlace();
  const [refusal, setRefusal] = useState(/** @type {ApiError | null} */ (null));
  useSlash();

  const signIn = (/** @type {string} */ given) => {
    browser.storage.setItem(KEY, given);
    setRefusal(null);
    setKey(given);
  };
  const signOut = (/** @type {ApiError | null} */ why) => {
    browser.storage.removeItem(KEY);
    setRefusal(why);
    setKey(null);
  };
  const api = useMemo(() => (key === null ? null : createApi(browser, key, signOut)), [key]);

  return [
    h('a', { class: 'skip', href: '#main', onClick: focusMain }, 'To the content'),
    h(
      'header',
      { class: 'top' },
      h('a', { class: 'brand', href: '#/' }, h('span', { class: 'lamp', 'aria-hidden': 'true' }), 'Signalbox'),
      api && h(Views, { place }),
      api && h('button', { type: 'button', class: 'plain', onClick: () => signOut(null) }, 'Sign out'),
    ),
    h(
      'main',
      { id: 'main', tabIndex: -1 },
      api === null ? h(SignIn, { browser, signedIn: signIn, refusal }) : h(View, { api, browser, place }),
    ),
  ];
};

/** @param {Event} event */
const focusMain = (event) => {
  event.preventDefault();
  document.getElementById('main')?.focus();
};

/** @param {{ readonly place: Place }} props */
const Views = ({ place }) => {
  const isHere = (/** @type {Place} */ other) =>
    other.view === place.view || (other.view === 'search' && place.view === 'session');
  return h(
    'nav',
    { 'aria-label': 'Console' },
    VIEWS.map(([name, to]) =>
      h(
        'a',
        { key: name, href: addressOf(to), ...(isHere(to) && { 'aria-current': /** @type {const} */ ('page') }) },
        name,
      ),
    ),
  );
};

/** @param {{ readonly api: Api, readonly browser: Browser, readonly place: Place }} props */
const View = ({ api, browser, place }) => {
  switch (place.view) {
    case 'search':
      return h(SearchView, { api, browser, text: place.text });
    case 'session':
      return h(SessionView, { key: place.id, api, browser, ...place });
    case 'tail':
      return h(TailView, { api, browser });
    case 'health':
      return h(HealthView, { api, browser });
    case 'discovery':
      return h(DiscoveryView, { api, browser, tag: place.tag, at: place.at });
  }
};

/** `/` leads to the search from wherever one is not writing. */
const useSlash = () => {
  useEffect(() => {
    const listen = (/** @type {KeyboardEvent} */ event) => {
      const { target } = event;
      const isWriting = target instanceof HTMLInputElement && target.type !== 'range';
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isWriting) return;
      event.preventDefault();
      const box = document.getElementById('search');
      if (box) box.focus();
      else location.hash = '#/';
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
};

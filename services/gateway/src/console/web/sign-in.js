import { h } from 'preact';
import { useState } from 'preact/hooks';
import { createApi } from './api.js';
import { Problem } from './parts.js';

/** @import { Browser } from './shapes.ts' */

/**
 * Asks for a key, and takes it when the server does.
 * @param {{ readonly browser: Browser, readonly signedIn: (key: string) => void, readonly refusal: unknown }} props
 *   `refusal`: why the last key is not taken any more; null when there was none
 */
export const SignIn = ({ browser, signedIn, refusal }) => {
  const [problem, setProblem] = useState(refusal);
  const [asking, setAsking] = useState(false);

  /** @param {SubmitEvent & { readonly currentTarget: HTMLFormElement }} event */
  const submit = (event) => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get('key') ?? '').trim();
    // Anything else can't be in a header.
    if (!/^[\x21-\x7e]+$/.test(key)) return setProblem('A key is one word of letters, digits and signs.');
    setProblem(null);
    setAsking(true);
    createApi(browser, key)
      .search({}, null)
      .then(
        () => signedIn(key),
        (error) => {
          setProblem(error);
          setAsking(false);
        },
      );
  };

  return h(
    'form',
    { class: 'card sign-in', onSubmit: submit },
    h('h1', null, 'Why did this call not connect?'),
    h(
      'p',
      null,
      'The console reads the record of this server: every offer, answer and candidate, and what came of it.',
    ),
    h('label', { for: 'key' }, 'Audit token or admin key'),
    h('input', {
      ...{ id: 'key', name: 'key', type: 'password', autocomplete: 'off', spellcheck: false, required: true },
      'aria-describedby': 'key-note',
      ref: focusOnce,
    }),
    h(Problem, { problem }),
    h('button', { type: 'submit', disabled: asking }, asking ? 'Asking …' : 'Sign in'),
    h(
      'p',
      { id: 'key-note', class: 'quiet' },
      'The key stays in this tab (its session storage) and is sent to this server alone. Closing the tab or signing out removes it.',
    ),
  );
};

/** @param {HTMLInputElement | null} input */
const focusOnce = (input) => {
  if (input !== null && document.activeElement === document.body) input.focus();
};

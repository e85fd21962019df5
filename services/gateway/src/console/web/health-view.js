import { h } from 'preact';
import { useState } from 'preact/hooks';
import { usePolled } from './hooks.js';
import { Moment, Signal, Tree } from './parts.js';
import { spanOf } from './time.js';

/** @import { ComponentChildren } from 'preact' */
/** @import { Api } from './api.js' */
/** @import { Browser, Health } from './shapes.ts' */

const EVERY_MS = 2_000;
/** A checkpoint follows the events within a second; more than this and nobody makes them any more. */
const STALE_MS = 15_000;

/**
 * How the log is: whether it is signed, was verified, can be read, and is shown.
 * @param {{ readonly api: Api, readonly browser: Browser }} props
 */
export const HealthView = ({ api, browser }) => {
  const [health, setHealth] = useState(/** @type {Health | null} */ (null));
  const problem = usePolled(browser, { everyMs: EVERY_MS, paused: false }, (signal) => api.health(signal), setHealth);
  return [
    h('h1', null, 'Health of the log'),
    problem && h('p', { class: 'problem', role: 'alert' }, problem),
    health === null
      ? h('p', { class: 'quiet', role: 'status' }, problem === null && 'Asking …')
      : h(
          'div',
          { class: 'cards' },
          h(CheckpointCard, { health }),
          h(VerificationCard, { health, now: browser.now() }),
          h(ReadModelsCard, { health }),
          h(KeysCard, { health }),
        ),
  ];
};

/** @param {{ readonly title: string, readonly kind: string, readonly word: string, readonly children?: ComponentChildren }} props */
const Card = ({ title, kind, word, children }) =>
  h('section', { class: 'card' }, h('h2', null, title, h(Signal, { kind }, word)), children);

/** @param {{ readonly rows: readonly (readonly [string, ComponentChildren])[] }} props */
const Facts = ({ rows }) =>
  h(
    'dl',
    { class: 'facts' },
    rows.map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  );

/** @param {{ readonly health: Health }} props */
const CheckpointCard = ({ health: { checkpoint, contradiction, head } }) => {
  const title = 'Checkpoint';
  if (contradiction !== null) {
    return h(
      Card,
      { title, kind: 'stop', word: 'the log is not what was signed' },
      h('p', { role: 'alert' }, `Nothing is signed any more: ${contradiction.reason}.`),
      h(
        'p',
        null,
        'Calls are served as before. Find out what happened first: the runbook “Incident forensics” says how. Then ',
        h('code', null, 'signalbox checkpoints accept --reason …'),
        ' has it signed again.',
      ),
      h(Facts, {
        rows: [
          ['Found', h(Moment, { at: contradiction.since })],
          ['Last signed', checkpoint === null ? 'nothing that is in this log' : h(Moment, { at: checkpoint.signedAt })],
          ['Not covered', checkpoint === null ? 'all of it' : String(checkpoint.behind)],
        ],
      }),
    );
  }
  if (checkpoint === null) {
    return h(Card, { title, kind: 'caution', word: 'none' }, h('p', null, 'Nothing has been signed yet.'));
  }
  const { size, position, signedAt, ageMs, behind } = checkpoint;
  // The event of the newest checkpoint is covered by the next one, which only comes with something new.
  const late = behind > 1 && ageMs > STALE_MS;
  return h(
    Card,
    { title, kind: late ? 'stop' : 'clear', word: late ? 'late' : 'signed' },
    h(Facts, {
      rows: [
        ['Age', spanOf(ageMs)],
        ['Signed', h(Moment, { at: signedAt })],
        ['Events in the tree', String(size)],
        ['Up to position', `${position} of ${head}`],
        ['Not yet covered', String(behind)],
      ],
    }),
  );
};

/** @param {{ readonly health: Health, readonly now: number }} props */
const VerificationCard = ({ health: { verification }, now }) => {
  const title = 'Last verification';
  if (verification === null) {
    const how = h('p', null, 'The log has not been verified yet. ', h('code', null, 'signalbox verify'), ' does it.');
    return h(Card, { title, kind: 'caution', word: 'never' }, how);
  }
  const { intact, verifiedAt, size, position, firstDifference } = verification;
  return h(
    Card,
    { title, kind: intact ? 'clear' : 'stop', word: intact ? 'intact' : 'not intact' },
    h(Facts, {
      rows: [
        ['Age', spanOf(Math.max(now - verifiedAt, 0))],
        ['Done', h(Moment, { at: verifiedAt })],
        ['Events verified', String(size)],
        ['Up to position', String(position)],
        ['First difference', firstDifference === null ? 'none' : `position ${firstDifference}`],
      ],
    }),
  );
};

/** @param {{ readonly health: Health }} props */
const ReadModelsCard = ({ health: { readModels } }) => {
  const most = Math.max(0, ...readModels.map(({ behind }) => behind));
  return h(
    Card,
    {
      title: 'Read models',
      kind: most === 0 ? 'clear' : 'caution',
      word: most === 0 ? 'up to date' : `${most} behind`,
    },
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ['Name', 'Position', 'Positions behind'].map((name) => h('th', { key: name, scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        null,
        readModels.map(({ name, position, behind }) =>
          h('tr', { key: name }, h('th', { scope: 'row' }, name), h('td', null, position), h('td', null, behind)),
        ),
      ),
    ),
  );
};

/** @param {{ readonly health: Health }} props */
const KeysCard = ({ health: { keys } }) => {
  const count = (/** @type {unknown} */ list) => (Array.isArray(list) ? list.length : 0);
  const missing = count(keys.missing);
  const unneeded = count(keys.unneeded);
  const [kind, word] =
    missing > 0
      ? ['stop', `${missing} missing`]
      : unneeded > 0
        ? ['caution', `${unneeded} no longer needed`]
        : ['clear', 'whole'];
  return h(Card, { title: 'Key ring', kind, word }, h(Tree, { value: keys }));
};

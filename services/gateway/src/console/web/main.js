import { h, render } from 'preact';
import { Console } from './console.js';

/** The one module that meets the browser; everything else is handed what it needs. @type {import('./shapes.ts').Browser} */
const browser = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  fetch: (...request) => fetch(...request),
  storage: sessionStorage,
};

const root = document.getElementById('console');
if (root) render(h(Console, { browser }), root);

import { useEffect, useRef, useState } from 'preact/hooks';
import { readAddress } from './address.js';
import { messageOf } from './api.js';

/** @import { Browser } from './shapes.ts' */

/**
 * @template T
 * @typedef {{ readonly value: T | null, readonly problem: unknown, readonly loading: boolean }} Loaded
 */

/**
 * What a request answers; asked again when the key changes, and the old one is taken back. The last value stays until
 * there is a new one, so that nothing jumps. A null key asks for nothing.
 * @template T
 * @param {string | null} key
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @returns {Loaded<T>}
 */
export const useLoaded = (key, load) => {
  const [loaded, setLoaded] = useState(
    /** @type {Loaded<T>} */ ({ value: null, problem: null, loading: key !== null }),
  );
  useEffect(() => {
    if (key === null) return;
    const { signal, abort } = controller();
    setLoaded(({ value }) => ({ value, problem: null, loading: true }));
    load(signal).then(
      (value) => signal.aborted || setLoaded({ value, problem: null, loading: false }),
      (problem) => signal.aborted || setLoaded(({ value }) => ({ value, problem, loading: false })),
    );
    return abort;
  }, [key]);
  return loaded;
};

const controller = () => {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
};

/**
 * Asks again and again, each time so many milliseconds after the last answer, until it is told to pause.
 * @template T
 * @param {Browser} browser
 * @param {{ readonly everyMs: number, readonly paused: boolean }} options
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {(value: T) => void} taken
 * @returns {string | null} what went wrong the last time
 */
export const usePolled = ({ after }, { everyMs, paused }, load, taken) => {
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    if (paused) return;
    const { signal, abort } = controller();
    let stop = () => {};
    const ask = async () => {
      try {
        taken(await load(signal));
        setProblem(null);
      } catch (error) {
        if (signal.aborted) return;
        setProblem(messageOf(error));
      }
      if (!signal.aborted) stop = after(everyMs, () => void ask());
    };
    void ask();
    return () => {
      abort();
      stop();
    };
  }, [paused, everyMs]);
  return problem;
};

/** A value that is still: the last one that stood for so long. @template T @param {Browser} browser @param {T} value @param {number} ms @returns {T} */
export const useSettled = ({ after }, value, ms) => {
  const [settled, setSettled] = useState(value);
  useEffect(() => after(ms, () => setSettled(() => value)), [value, ms]);
  return settled;
};

/** Where the page is; it follows the address. */
export const usePlace = () => {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return readAddress(hash);
};

/** How wide an element is, in whole pixels; 0 before it is shown. */
export const useWidth = () => {
  const ref = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = ref;
    if (current === null) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return /** @type {const} */ ([ref, width]);
};

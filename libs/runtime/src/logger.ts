import { type DestinationStream, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config/index.ts';
import { scrubFields, scrubText, scrubValue } from './redaction.ts';
import { currentContext } from './trace-context.ts';

/**
 * Structured lines, one JSON object each. Whatever is handed to it, no line holds SDP, candidates, secrets, tokens,
 * signatures or addresses: every line passes redaction.ts. Lines written while a request is served bear its ids.
 */
export type Logger = pino.Logger;

export const createLogger = (options: {
  readonly level: Config['logLevel'];
  readonly instance: string;
  /** For people instead of machines. */
  readonly pretty: boolean;
  /** Standard output when left out. */
  readonly destination?: DestinationStream;
}): Logger => {
  const out = options.destination ?? (options.pretty ? pino.destination(1) : bufferedOutput());
  return pino(
    {
      level: options.level,
      base: { instance: options.instance },
      // A copy: pino writes the line's own fields into what it is given here.
      mixin: () => ({ ...currentContext() }),
      formatters: { level: (label) => ({ level: label }), log: scrubFields, bindings: scrubFields },
      // Redaction has seen the error already and made plain data of it.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args, write) {
          write.apply(this, scrubArguments(args) as Parameters<typeof write>);
        },
      },
    },
    options.pretty
      ? pretty({ destination: out, colorize: true, singleLine: true, ignore: 'pid,hostname,instance', sync: true })
      : out,
  );
};

/**
 * Lines leave in blocks, a quarter of a second late at most; the end of the process and `fatal` write out the rest.
 * Where they cannot be written, because nobody reads them any more or a disk is full, they are lost: calls matter more
 * than what is said of them.
 */
const bufferedOutput = () => {
  const out = pino.destination({
    ...{ dest: 1, sync: false, minLength: 4_096, periodicFlush: 250 },
    ...{ maxLength: MAX_UNWRITTEN, maxWriteRetries: MAX_WRITE_RETRIES },
  });
  const flushSync = out.flushSync.bind(out);
  out.on('error', () => undefined);
  out.flushSync = () => {
    try {
      flushSync();
    } catch {
      // As above; thrown at the end of the process, it would change how that ended.
    }
  };
  return out;
};

/** In UTF-16 units. */
const MAX_UNWRITTEN = 1_048_576;
/** Of a tenth of a second each. */
const MAX_WRITE_RETRIES = 20;

/** The message and its parameters; the fields, which come first, are scrubbed once the context has joined them. */
const scrubArguments = (args: readonly unknown[]): unknown[] => {
  const [first, ...rest] = args;
  if (typeof first === 'string') return [scrubText(first), ...rest.map(scrubParameter)];
  if (first instanceof Error) return [{ err: first }, ...messageOr(first.message, rest)];
  const { err } = (first ?? {}) as { readonly err?: unknown };
  return [first, ...messageOr(err instanceof Error ? err.message : undefined, rest)];
};

const messageOr = (fallback: string | undefined, rest: readonly unknown[]): unknown[] => {
  if (rest.length > 0) return rest.map(scrubParameter);
  return fallback === undefined ? [] : [scrubText(fallback)];
};

const scrubParameter = (value: unknown): unknown => {
  if (typeof value === 'string') return scrubText(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(scrubValue(value)) : value;
};

import { parseArgs } from 'node:util';
import { WrongUsage } from './errors.ts';

/** What an option takes: a text that the help calls so, or nothing. */
export type OptionKind = { readonly takes: string } | 'flag';

/** What was given on the command line. */
export type Given = {
  /** Throws for a name that the command does not declare. */
  readonly positional: (name: string) => string;
  readonly text: (option: string) => string | undefined;
  readonly flag: (option: string) => boolean;
};

/** What a command takes: as many values as `positionals` names, in that order, and options between them. */
export type Takes = {
  readonly positionals?: readonly string[];
  readonly options: Readonly<Record<string, OptionKind>>;
};

/** Throws `WrongUsage`, which names the mistake and what would be right. `command` is how the help calls it. */
export const parseArguments = (
  command: string,
  { positionals = [], options }: Takes,
  args: readonly string[],
): Given => {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, kind]) => [name, { type: kind === 'flag' ? 'boolean' : 'string' }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: string[] = [];
  const texts = new Map<string, string>();
  const flags = new Set<string>();
  const refuse = (mistake: string): never => {
    throw new WrongUsage(`${mistake} See ${command} --help.`);
  };
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      values.push(token.value);
      if (values.length > positionals.length) refuse(tooMuch(command, positionals, token.value) + hintFor(options));
      continue;
    }
    const { name, rawName, value, inlineValue } = token;
    const kind = Object.hasOwn(options, name) ? options[name] : undefined;
    if (kind === undefined) refuse(`${command} has no option ${rawName}.${hintFor(options)}`);
    else if (texts.has(name) || flags.has(name)) refuse(`${rawName} is given twice, and it is unclear which to use.`);
    else if (kind === 'flag') {
      if (value !== undefined) refuse(`${rawName} takes no value.`);
      flags.add(name);
    } else if (value === undefined || value === '' || (!inlineValue && value.startsWith('-'))) {
      refuse(`${rawName} needs a value: ${rawName} ${kind.takes}.`);
    } else texts.set(name, value);
  }
  const missing = positionals.slice(values.length);
  if (missing.length > 0) refuse(`${missing.join(' ')} is missing: ${[command, ...positionals].join(' ')}.`);
  return {
    positional: (name) => {
      const value = values[positionals.indexOf(name)];
      if (value === undefined) throw new Error(`${command} does not declare ${name}.`);
      return value;
    },
    text: (option) => texts.get(option),
    flag: (option) => flags.has(option),
  };
};

const tooMuch = (command: string, positionals: readonly string[], value: string): string =>
  positionals.length === 0
    ? `${command} takes options only, and “${value}” is none.`
    : `${command} takes ${positionals.join(' ')} and options; “${value}” is too much.`;

const hintFor = (options: Readonly<Record<string, OptionKind>>): string => {
  const known = Object.entries(options).map(([name, kind]) =>
    kind === 'flag' ? `--${name}` : `--${name} ${kind.takes}`,
  );
  if (known.length === 0) return '';
  return ` There ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}.`;
};

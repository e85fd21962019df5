import { environment } from './schema.ts';
import { type About, aboutOf } from './setting.ts';

type Variable = About & { readonly name: string };

/** Every variable with what there is to say of it, in the order of the schema. */
export const variables: readonly Variable[] = Object.entries(environment.shape).map(([name, schema]) => ({
  name,
  ...aboutOf(schema),
}));

const sections = (): readonly (readonly [string, readonly Variable[]])[] => [
  ...Map.groupBy(variables, (variable) => variable.section),
];

const shownDefault = ({ default: value }: About): string =>
  value === null ? 'not set' : /[` ]/.test(value) ? value : `\`${value}\``;

const escaped = (text: string): string => text.replaceAll('|', '\\|');

/** The tables of docs/configuration.md. */
export const configurationTables = (): string =>
  sections()
    .map(([title, list]) => {
      const rows = list.map(
        (v) => `| \`${v.name}\` | ${shownDefault(v)} | ${escaped(v.accepts)} | ${escaped(v.description)} |`,
      );
      return [`## ${title}`, '', '| variable | default | takes | meaning |', '| --- | --- | --- | --- |', ...rows].join(
        '\n',
      );
    })
    .join('\n\n');

/** The whole of `.env.example`. Every line is commented out: copied as it is, it changes nothing. */
export const envExample = (): string => {
  const head = [
    '# Signalbox: every variable there is. Copy to .env, uncomment what you need. Generated; see docs/configuration.md.',
    '# A name that is not listed here is refused at the start.',
  ];
  const body = sections().flatMap(([title, list]) => ['', `# --- ${title} ---`, ...list.flatMap(exampleLines)]);
  return `${[...head, ...body].join('\n')}\n`;
};

const exampleLines = (variable: Variable): readonly string[] => [
  '',
  `# ${variable.description}`,
  `# Takes ${variable.accepts}. Default: ${variable.default ?? 'not set'}.`,
  ...(variable.secret ? [`# ${variable.name}_FILE=/run/secrets/${variable.name.toLowerCase()}`] : []),
  `# ${variable.name}=${isLiteral(variable) ? variable.default : ''}`,
];

const isLiteral = (variable: Variable): boolean =>
  variable.default !== null && !variable.secret && /^[\w./:*-]+$/.test(variable.default) && variable.default !== 'none';
